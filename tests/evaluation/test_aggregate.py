"""Mutual information, marginal KL and the classifier, where the truth is known."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from vaekit import build_recipe
from vaekit.core import VAE
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError
from vaekit.evaluation.aggregate import area, information, two_sample
from vaekit.priors import GaussianPrior
from vaekit.recipes.closed_form import set_to_ppca


def _perfect(signal: float, latents: int = 2) -> tuple[VAE, Examples, Examples]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 6))
    x[:, :latents] *= signal
    data = load({"x": x.astype(np.float32)}, split=SplitOptions(validation=0.1, test=0.3))
    model = build_recipe("ppca", data.spec, latents=latents).model.eval()
    set_to_ppca(model, torch.as_tensor(np.asarray(data.train.array)))
    return model, Examples.of(data, "train"), Examples.of(data, "test")


def test_the_closed_form_of_a_linear_model() -> None:
    # z | x ~ N(μ, 1/9) with q(z) = N(0, 1): I = ½ ln 9 for each of two dimensions, and q(z) = p(z).
    model, train, _ = _perfect(3.0)
    found = information(model, train)
    assert not found.saturated
    # Four standard errors, and the scale of the data itself is estimated.
    assert found.mutual == pytest.approx(math.log(9), abs=4 * found.standard_error + 0.03)
    assert found.marginal == pytest.approx(0.0, abs=0.05)
    assert found.rate == pytest.approx(found.mutual + found.marginal, abs=1e-6)


def test_a_shifted_prior_costs_its_kl() -> None:
    model, train, _ = _perfect(3.0)
    before = information(model, train).marginal
    model.latents.replace_top(GaussianPrior(torch.tensor([1.0, 0.0]), torch.eye(2)))
    # KL(N(0, I) ‖ N(1, I)) = ½; the same draws of z are used before and after.
    assert information(model, train).marginal - before == pytest.approx(0.5, abs=0.1)


def test_more_nats_than_codes_can_show_are_said_to_be_so() -> None:
    model, train, _ = _perfect(1000.0)
    found = information(model, train, most=500)
    assert found.saturated
    assert found.mutual <= found.most + 1e-5 == pytest.approx(math.log(500), abs=1e-4)


@pytest.mark.parametrize(
    ("shift", "spread", "low", "high"), [(0.0, 1.0, 0.46, 0.54), (1.0, 1.0, 0.72, 0.8), (0.0, 2.0, 0.6, 0.9)]
)
def test_the_classifier_tells_what_differs(shift: float, spread: float, low: float, high: float) -> None:
    """Two normals one deviation apart have AUC Φ(1/√2) = .76; an AUC of ½ strays by .013 (1 s.e.) here."""
    model, train, test = _perfect(3.0)
    model.latents.replace_top(GaussianPrior(torch.tensor([shift, 0.0]), spread * torch.eye(2)))
    found = two_sample(model, train, test)
    assert low < found.auc < high
    assert 0.005 < found.standard_error < 0.03


def test_the_area_is_that_of_scikit_learn_and_its_error_that_of_repetition() -> None:
    generator = torch.Generator().manual_seed(0)
    areas, errors = [], []
    for _ in range(200):
        positive = torch.randn(1, 80, generator=generator) + 0.7
        negative = torch.randn(60, generator=generator)
        value, error = area(positive, negative)
        truth = roc_auc_score([1] * 80 + [0] * 60, torch.cat([positive[0], negative]).numpy())
        assert value == pytest.approx(truth, abs=1e-12)
        areas.append(value)
        errors.append(error)
    # The spread of 200 areas has a relative standard error of 5 %.
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.2)


def test_too_few_examples_are_refused() -> None:
    model, train, test = _perfect(3.0)
    with pytest.raises(UserError, match="needs 20"):
        two_sample(model, train, test.head(10))
