"""Rate–distortion curves: those of linear models are known, and planted faults are named."""

import math
from dataclasses import replace

import pytest
import torch

from vaekit.errors import UserError
from vaekit.evaluation.rate_distortion import RatePoint, beta_of, point_of, rate_distortion
from vaekit.evaluation.report import Evaluation, Figure
from vaekit.objectives import KL, NLL, Constant
from vaekit.ppca import PPCA, fit_ppca
from vaekit.recipes.closed_form import linear_layers
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.verification.linear import gaussian_data, optimal_linear_vae, sigma_trace

NOISE, LATENTS = 0.3, 4
BETAS = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
X = gaussian_data(300)


def solution() -> PPCA:
    return fit_ppca(X, LATENTS)


def exact(beta: float) -> RatePoint:
    """At fixed σ² the optimum of D + βR is PCA at βσ²: water is filled to s = βσ².

    R = Σ ½ ln(λ_j/s)₊, D = (Σ_j min(λ_j, s) + Σ discarded λ)/2σ² + ½ D ln 2πσ².
    """
    kept, level = solution().eigenvalues, beta * NOISE
    total = (X - X.mean(0)).square().sum(-1).mean()
    error = torch.minimum(kept, torch.tensor(level, dtype=torch.float64)).sum() + total - kept.sum()
    distortion = error / (2 * NOISE) + X.shape[1] / 2 * math.log(2 * math.pi * NOISE)
    return RatePoint(beta, (kept / level).clamp(min=1).log().sum().item() / 2, distortion.item())


def measured(beta: float) -> RatePoint:
    """The linear VAE that is this optimum, its expectations exact."""
    vae = optimal_linear_vae(replace(solution(), noise=torch.tensor(beta * NOISE, dtype=torch.float64)))
    linear_layers(vae)[3].variance.fill_(NOISE)
    trace = sigma_trace(vae, X)
    return RatePoint(beta, KL()(trace).mean().item(), NLL()(trace).mean().item())


@pytest.mark.parametrize("beta", BETAS)
def test_the_linear_vaes_rate_and_distortion_are_those_of_water_filling(beta: float) -> None:
    found, expected = measured(beta), exact(beta)
    assert found.rate == pytest.approx(expected.rate, abs=1e-9)
    assert found.distortion == pytest.approx(expected.distortion, abs=1e-9)


@pytest.mark.parametrize("beta", [0.7, 1.5, 3.0, 7.0])
def test_the_slope_of_the_closed_form_is_minus_beta(beta: float) -> None:
    chord = rate_distortion([exact(beta * (1 - 1e-5)), exact(beta * (1 + 1e-5))]).chords[0]
    assert chord.slope == pytest.approx(-beta, rel=1e-6)


def test_linear_vaes_lie_on_a_falling_convex_curve() -> None:
    curve = rate_distortion([measured(beta) for beta in reversed(BETAS)])
    assert [point.beta for point in curve.points] == list(BETAS)
    assert curve.violations == ()
    for chord in curve.chords:
        assert -chord.second.beta < chord.slope < -chord.first.beta
        assert max(chord.excess) < 0


def test_collapsed_models_are_one_point_and_no_fault() -> None:
    curve = rate_distortion([exact(beta) for beta in (8.0, 100.0, 200.0)])
    assert curve.violations == ()
    assert math.isnan(curve.chords[-1].slope)


def worse(point: RatePoint, nats: float) -> RatePoint:
    return replace(point, distortion=point.distortion + nats)


def test_a_model_that_was_trained_badly_is_named() -> None:
    points = [exact(beta) for beta in BETAS]
    points[2] = replace(worse(points[2], 2.0), name="bad")
    told = rate_distortion(points).violations
    assert any("bad (β = 2) is not the best at its own β" in line for line in told)
    assert any(line.startswith("the curve is not convex: bad (β = 2) lies") for line in told)
    assert all("bad" in line for line in told)
    height = next(line for line in told if "convex" in line).split(" lies ")[1].split()[0]
    low, middle, high = (exact(beta) for beta in (1.0, 2.0, 4.0))
    share = (middle.rate - low.rate) / (high.rate - low.rate)
    expected = middle.distortion + 2 - low.distortion - share * (high.distortion - low.distortion)
    assert float(height) == pytest.approx(expected, rel=1e-2)


def test_what_is_within_three_standard_errors_is_not_told() -> None:
    points = [replace(exact(beta), distortion_error=0.5, rate_error=0.1) for beta in BETAS]
    points[2] = worse(points[2], 1.5)
    assert rate_distortion(points).violations == ()
    sure = [replace(point, distortion_error=1e-3, rate_error=1e-3) for point in points]
    assert rate_distortion(sure).violations != ()


def test_a_rate_that_rises_with_beta_is_told() -> None:
    told = rate_distortion([RatePoint(1.0, 2.0, 5.0), RatePoint(2.0, 3.0, 4.0)]).violations
    assert told[:2] == (
        "the rate rises with β, from 2 nats of β = 1 to 3 of β = 2",
        "the distortion falls with β, from 5 nats of β = 1 to 4 of β = 2",
    )
    # −ΔD/ΔR = 1 is between the two β, and yet each is no worse than the other at its own: β = 2 is.
    assert len(told) == 3
    assert "β = 2 is not the best at its own β: β = 1 has a D + 2 R that is 1 nats lower" in told[2]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([RatePoint(1.0, 2.0, 5.0)], "at least two β, got 1"),
        (
            [RatePoint(1.0, 2.0, 5.0, name="a"), RatePoint(1.0, 2.1, 5.0, name="b")],
            "a .β = 1. and b .*one model",
        ),
        (
            [RatePoint(1.0, 2.0, 5.0, measure="mass"), RatePoint(2.0, 1.0, 9.0, measure="density")],
            "different measures have no common curve: density, mass",
        ),
    ],
)
def test_what_makes_no_curve_is_refused(points: list[RatePoint], message: str) -> None:
    with pytest.raises(UserError, match=message):
        rate_distortion(points)


@pytest.mark.parametrize("numbers", [(-1.0, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, math.inf)])
def test_numbers_that_are_none_are_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(UserError, match="rate and distortion finite"):
        RatePoint(*numbers)


def evaluation(*figures: Figure, note: str = "") -> Evaluation:
    return Evaluation("test", 100, 1, figures, note)


def test_a_run_gives_its_point() -> None:
    spec = DataSpec((1, 4, 4), 2)
    recipe = build_recipe("beta_vae", spec, latents=2, hidden=(4,), beta=3.0)
    point = point_of(
        "runs/a",
        recipe.turns,
        evaluation(
            Figure("distortion", 80.0, 0.5, "nats", "mass"),
            Figure("distortion", 1.0, 0.1, "bits/dim", "mass"),
            Figure("rate (KL)", 20.0, 0.2, "nats"),
        ),
    )
    assert point == RatePoint(3.0, 20.0, 80.0, 0.2, 0.5, "runs/a", "mass")


def test_runs_without_a_beta_or_a_distortion_are_refused() -> None:
    spec = DataSpec((1, 4, 4), 2)
    assert beta_of("a", [NLL() + KL()]) == 1.0
    assert beta_of("a", [2.0 * NLL() + Constant(1.0) * KL()]) == 0.5
    iwae = build_recipe("iwae", spec, latents=2, hidden=(4,))
    with pytest.raises(
        UserError, match="a was not trained on distortion \\+ β rate, but on iwae: it has no β"
    ):
        beta_of("a", iwae.turns)
    mixed = build_recipe("disentangled_prior", spec, latents=2, hidden=(4,))
    with pytest.raises(UserError, match=r"but on kl and mmd.* and nll"):
        beta_of("b", mixed.turns)
    with pytest.raises(
        UserError, match=r"c has no rate and distortion in nats.*points, which have no density"
    ):
        point_of("c", [NLL() + KL()], evaluation(note="the codes are points, which have no density"))
