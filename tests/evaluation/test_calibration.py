"""Squared errors over stated variances."""

import numpy as np
import pytest
import torch

from vaekit import build_recipe
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError
from vaekit.evaluation.calibration import calibration
from vaekit.evaluation.statistic import mean_statistic
from vaekit.likelihoods import SolvedBands, SolvedGaussian


@pytest.mark.parametrize("factor", [0.25, 1.0, 100.0])
def test_the_ratio_is_that_of_the_variances(factor: float) -> None:
    data = load("digits")
    model = build_recipe("vae", data.spec, latents=2).model.eval()
    examples = Examples.of(data, "test")
    assert isinstance(model.likelihood, SolvedGaussian)
    model.likelihood.solve(mean_statistic(model, examples))
    solved = model.likelihood.variance.item()
    model.likelihood.variance.mul_(factor)
    found = calibration(model, examples)
    # The same draws solve and measure, so that nothing is left but rounding.
    assert found.ratio == pytest.approx(1 / factor, rel=1e-4)
    assert found.error == pytest.approx(solved, rel=1e-4)


def test_bands_are_each_measured_by_their_own() -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, 3, 16, 16)).astype(np.uint8)
    data = load(x)
    model = build_recipe("photo_vae", data.spec, net="mlp", size="tiny").model.eval()
    examples = Examples.of(data, "train")
    assert isinstance(model.likelihood, SolvedBands)
    model.likelihood.solve(mean_statistic(model, examples))
    assert calibration(model, examples).ratio == pytest.approx(1.0, abs=0.01)
    with torch.no_grad():
        model.likelihood.variance[0] *= 4
    assert calibration(model, examples).ratio < 1.0


def test_the_error_is_that_of_repetition() -> None:
    data = load("digits")
    model = build_recipe("vae", data.spec, latents=2).model.eval()
    found = calibration(model, Examples.of(data, "train"))
    assert 0 < found.standard_error < 0.1 * found.ratio


def test_other_likelihoods_state_no_sigma() -> None:
    data = load("digits", binarise="fixed")
    model = build_recipe("vae", data.spec).model.eval()
    with pytest.raises(CapabilityError, match="sigma"):
        calibration(model, Examples.of(data, "test"))
