"""Which measure a model is scored in, and that dequantising really bounds the mass."""

import math
from collections.abc import Mapping
from math import sqrt
from typing import Literal, cast

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from vaekit.core import VAE, Likelihood, Posterior
from vaekit.data.batches import Examples
from vaekit.distributions import log_mass
from vaekit.evaluation import bounds
from vaekit.evaluation.bounds import LogLikelihood
from vaekit.evaluation.measures import (
    DENSITY,
    DEQUANTISED,
    MASS,
    MASS_BOUND,
    factorises,
    lives_on_real_line,
    measures_for,
)
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

GREY = DataSpec((1, 4, 4), 17, 0.1)
FLOATS = DataSpec((1, 4, 4), None, 0.1)


def vae(spec: DataSpec, **options: object) -> VAE:
    return build_recipe("vae", spec, latents=2, hidden=(8,), **options).model.eval()


def measures_of(model: VAE, spec: DataSpec) -> Mapping[str, LogLikelihood]:
    with torch.no_grad():
        trace = model.trace(torch.zeros(2, *spec.shape))
    return measures_for(model.likelihood, trace.likelihood, spec)


@pytest.mark.parametrize(
    ("spec", "options", "expected"),
    [
        (GREY, {}, [MASS, DEQUANTISED]),
        (GREY, {"sigma": "per_dimension"}, [MASS, DEQUANTISED]),
        (GREY, {"likelihood": "continuous_bernoulli"}, [MASS]),
        (GREY, {"likelihood": "logistic"}, [MASS]),
        (GREY, {"likelihood": "logistic_mixture"}, [MASS]),
        (DataSpec((1, 4, 4), 2), {}, [MASS]),
        (DataSpec((1, 4, 4), 2), {"likelihood": "gaussian"}, [MASS, DEQUANTISED]),
        (FLOATS, {}, [DENSITY]),
        (FLOATS, {"likelihood": "continuous_bernoulli"}, [DENSITY]),
        (DataSpec((6,), None), {}, [DENSITY]),
    ],
)
def test_the_measures_of_a_model(spec: DataSpec, options: dict[str, object], expected: list[str]) -> None:
    assert list(measures_of(vae(spec, **options), spec)) == expected


def test_the_mass_is_that_of_the_level_and_the_density_that_of_noisy_x() -> None:
    model = vae(GREY)
    split = Examples(torch.randint(17, (60, 1, 4, 4)), 16.0, False)
    noise = split.noise(slice(0, 60), 0)
    with torch.no_grad():
        trace = model.trace(split.all(), (3,), noise=noise)
        measures = measures_of(model, GREY)
        mass, density = measures[MASS](trace, noise), measures[DEQUANTISED](trace, noise)
        u = noise.uniform("dequantise", (60, 1, 4, 4), 0, trace.x)
        torch.testing.assert_close(mass, log_mass(trace.likelihood, trace.x, 17))
        torch.testing.assert_close(density, trace.likelihood.log_prob(trace.x + (u - 0.5) / 16))
    assert mass.shape == density.shape == (3, 60)


class Correlated(Likelihood):
    """N(h, Σ) over both dimensions of x: no cell mass in closed form."""

    covariance = torch.tensor([[0.05, 0.04], [0.04, 0.06]])

    @property
    def measure(self) -> Literal["density", "mass"]:
        return "density"

    @property
    def parameters_per_value(self) -> int:
        return 1

    def forward(self, h: Tensor) -> MultivariateNormal:
        return MultivariateNormal(h, self.covariance, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        return distribution.mean


LEVELS = 4
CORRELATED = DataSpec((2,), LEVELS, 0.1)


def constant_mean() -> VAE:
    """p(x | z) = N((0.5, 0.4), Σ) for every z, so that the evidence is p(x | z)."""
    model = build_recipe("linear_vae", CORRELATED, latents=1).model
    posteriors = cast(Mapping[str, Posterior], dict(model.posteriors.items()))
    built = VAE(model.encoder, posteriors, model.latents, model.decoder, Correlated(), (2,))
    with torch.no_grad():
        for parameter in built.decoder.parameters():
            parameter.copy_(torch.tensor([0.5, 0.4]) if parameter.ndim == 1 else torch.zeros_like(parameter))
    return built.eval()


def density_over_cell(level: Tensor, points: int = 400) -> Tensor:
    """log p at the midpoints of a grid over the cell of a level, (points², )."""
    offsets = ((torch.arange(points) + 0.5) / points - 0.5).double() / (LEVELS - 1)
    grid = torch.cartesian_prod(offsets, offsets) + level.double() / (LEVELS - 1)
    mean = torch.tensor([0.5, 0.4]).double()
    return MultivariateNormal(mean, Correlated.covariance.double()).log_prob(grid)


@pytest.mark.parametrize("level", [(1, 1), (2, 1), (1, 2)])
def test_dequantising_bounds_the_mass_from_above(level: tuple[int, int]) -> None:
    """−E_u log p(x+u) + D ln(L−1) against quadrature, 5 s.e.; above the true −log mass by Jensen's gap."""
    model, n = constant_mean(), 2000
    measures = measures_of(model, CORRELATED)
    assert list(measures) == [MASS_BOUND, DEQUANTISED]
    split = Examples(torch.tensor(level).expand(n, 2), LEVELS - 1.0, False)
    _, found = bounds(model, split, measures)
    log_density = density_over_cell(torch.tensor(level))
    volume = 2 * math.log(LEVELS - 1)
    exact = -(log_density.exp().mean().log() - volume)
    expected = -(log_density.mean() - volume)
    distortion = found[MASS_BOUND].distortion
    error = distortion.std() / sqrt(n)
    assert (distortion.mean() - expected).abs() < 5 * error
    assert expected > exact
    assert distortion.mean() > exact + 5 * error
    torch.testing.assert_close(distortion - found[DEQUANTISED].distortion, torch.full((n,), volume))


def test_importance_samples_share_the_noise_of_dequantising() -> None:
    """The bound is E_u of a log: with u drawn anew for each sample, IWAE-K would climb to the mass itself."""
    model, n = constant_mean(), 300
    split = Examples(torch.ones(n, 2, dtype=torch.int64), LEVELS - 1.0, False)
    measures = measures_of(model, CORRELATED)
    few, many = (bounds(model, split, measures, k)[1][MASS_BOUND].distortion for k in (1, 60))
    torch.testing.assert_close(few, many)


def test_capabilities_are_asked_of_the_distribution() -> None:
    full = Correlated()(torch.zeros(3, 2))
    assert not factorises(full, CORRELATED)
    assert lives_on_real_line(full)
    with torch.no_grad():
        interval = vae(GREY, likelihood="continuous_bernoulli").generate(2)
        line = vae(GREY).generate(2)
    assert factorises(interval, GREY)
    assert not lives_on_real_line(interval)
    assert lives_on_real_line(line)
