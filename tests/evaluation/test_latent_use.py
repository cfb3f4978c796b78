"""Rates, widths and active units of dimensions, on models whose posteriors are known."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from vaekit import build_recipe
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.evaluation.latent_use import latent_use, spaced
from vaekit.posteriors import DiagonalGaussian
from vaekit.priors import GaussianMixturePrior, StandardNormal
from vaekit.recipes.closed_form import set_to_ppca


@pytest.fixture
def linear() -> tuple[object, torch.Tensor]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 6)) * np.array([5, 2, 1, 1, 1, 1])
    data = load({"x": x.astype(np.float32)})
    model = build_recipe("ppca", data.spec, latents=3).model.eval()
    set_to_ppca(model, torch.as_tensor(np.asarray(data.train.array)))
    return model, Examples.of(data, "train").all()


def test_rates_and_widths_of_the_closed_form(linear: tuple) -> None:
    model, x = linear
    (use,) = latent_use(model, x)
    # KL_j = ½ ln(λ_j/σ²), σ_q² = σ²/λ_j, Var μ_j = 1 − σ²/λ_j at λ = 25, 4, 1 and σ² = 1; λ and σ² are estimates.
    rate, width, variance = (values.sort().values for values in (use.rate, use.width, use.variance))
    assert rate[1:].tolist() == pytest.approx([0.69, 1.61], abs=0.05)
    assert rate[0] < 0.1
    assert width[:2].tolist() == pytest.approx([0.2, 0.5], abs=0.02)
    assert variance[1:].tolist() == pytest.approx([0.75, 0.96], abs=0.02)
    assert use.wide == 0.0


def test_wide_and_broken_posteriors_are_counted(linear: tuple) -> None:
    model, x = linear
    posterior = model.posteriors["z"]
    assert isinstance(posterior, DiagonalGaussian)
    posterior.log_std = Parameter(torch.tensor([0.0, 2.0, float("nan")]))
    (use,) = latent_use(model, x)
    assert use.wide == pytest.approx(2 / 3)


def test_a_mixture_prior_has_rates_against_a_standard_normal(linear: tuple) -> None:
    model, x = linear
    (before,) = latent_use(model, x)
    assert isinstance(model.latents.top, StandardNormal)
    mixture = GaussianMixturePrior(torch.tensor([0.5, 0.5]), torch.zeros(2, 3), torch.eye(3).expand(2, 3, 3))
    model.latents.replace_top(mixture)
    (after,) = latent_use(model, x)
    assert torch.allclose(before.rate, after.rate, atol=1e-5)
    assert torch.allclose(before.width, after.width, atol=1e-4)


def test_examples_are_spaced_over_a_sorted_split() -> None:
    data = load({"x": np.arange(100, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)})
    examples = Examples.of(data, "train")
    ordered = examples.all()[:, 0].sort().values
    sorted_split = Examples(torch.stack([ordered] * 3, 1), 1.0, False)
    found = spaced(sorted_split, 10)[:, 0]
    assert len(found) == 10
    assert found[0] == ordered[0]
    assert found[-1] > ordered[len(ordered) * 8 // 10]
    assert len(spaced(sorted_split, 1000)) == len(ordered)


def test_points_and_codes_have_none() -> None:
    data = load("digits")
    for recipe in ("ae", "vq_vae"):
        assert (
            latent_use(build_recipe(recipe, data.spec).model.eval(), Examples.of(data, "test").first(4)) == ()
        )
