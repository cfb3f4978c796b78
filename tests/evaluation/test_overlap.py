import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.nn import Identity, Linear

from vaekit.core import VAE, Posterior
from vaekit.errors import UserError
from vaekit.evaluation import overlap
from vaekit.evaluation.overlap import class_overlap, most_overlapping_pair, overlap_of_log_ratio
from vaekit.latents import Flat
from vaekit.likelihoods import FixedScale, GaussianLikelihood
from vaekit.priors import StandardNormal

SIGMA = 0.5


class Echo(Posterior):
    """q(z | x) = N(x, σ²)."""

    def forward(self, features: Tensor, prior: Distribution, state: Tensor | None) -> Independent:
        return Independent(Normal(features, torch.full_like(features, SIGMA), validate_args=False), 1)


def echo(d: int) -> VAE:
    likelihood = GaussianLikelihood((d,), FixedScale(1.0))
    return VAE(Identity(), {"z": Echo()}, Flat(d, StandardNormal(d)), Linear(d, d), likelihood, (d,))


def two_points(distance: float, d: int, copies: int = 3) -> tuple[Tensor, Tensor]:
    x = torch.zeros(2 * copies, d)
    x[copies:, 0] = distance
    return x, torch.arange(2).repeat_interleave(copies)


@pytest.mark.parametrize("d", [1, 2, 8])
@pytest.mark.parametrize("distance", [0.3, 1.0, 2.5])
def test_two_gaussians_overlap_by_the_closed_form(d: int, distance: float) -> None:
    """OVL = 2Φ(−|μ₁ − μ₂| / 2σ); within 5 standard errors, false alarms below 1e-6 a case."""
    x, labels = two_points(distance, d)
    found = class_overlap(echo(d), x, labels, 0, 1, draws=4000)
    expected = 2 * Normal(0.0, 1.0).cdf(torch.tensor(-distance / (2 * SIGMA))).item()
    assert 0 < found.standard_error < 0.01
    assert abs(found.value - expected) < 5 * found.standard_error


def test_the_standard_error_is_the_spread_over_seeds() -> None:
    """The variance of 60 values has a relative error of √(2/59) = 18 %; 0.4 … 2 lies over 3 of them away."""
    x, labels = two_points(1.0, 2)
    found = [class_overlap(echo(2), x, labels, 0, 1, draws=200, seed=seed) for seed in range(60)]
    variance = torch.tensor([f.value for f in found]).var().item()
    stated = torch.tensor([f.standard_error**2 for f in found]).mean().item()
    assert 0.4 < variance / stated < 2


@pytest.mark.parametrize("d", [1, 6])
def test_classes_far_apart_do_not_overlap(d: int) -> None:
    x, labels = two_points(100.0, d)
    assert class_overlap(echo(d), x, labels, 0, 1).value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("d", [1, 6])
def test_equal_classes_overlap_wholly(d: int) -> None:
    x, labels = two_points(0.0, d)
    found = class_overlap(echo(d), x, labels, 0, 1)
    assert found.value == pytest.approx(1, abs=1e-6)
    assert found.standard_error < 1e-6


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = torch.randn(230, 2, generator=torch.Generator().manual_seed(0)), torch.arange(230) % 2
    whole = class_overlap(echo(2), x, labels, 0, 1, draws=300)
    monkeypatch.setattr(overlap, "AT_ONCE", 1000)
    assert class_overlap(echo(2), x, labels, 0, 1, draws=300).value == pytest.approx(whole.value, rel=1e-6)


def test_many_examples_of_both_classes_follow_their_own_gaussians() -> None:
    """p_c is near N(±½, 1 + σ²) with 2000 examples each: the overlap of those, to 0.03 (its error is below 0.01)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4000, 1, generator=generator)
    labels = torch.arange(4000) % 2
    x[:, 0] += labels - 0.5
    expected = 2 * Normal(0.0, 1.0).cdf(torch.tensor(-0.5 / (1 + SIGMA**2) ** 0.5)).item()
    assert class_overlap(echo(1), x, labels, 0, 1).value == pytest.approx(expected, abs=0.03)


def test_the_pair_that_overlaps_most_is_found() -> None:
    x = torch.tensor([0.0, 5.0, 5.4, 20.0]).repeat_interleave(3).unsqueeze(1)
    labels = torch.tensor([7, 3, 8, 1]).repeat_interleave(3)
    found = most_overlapping_pair(echo(1), x, labels)
    assert (found.a, found.b) == (3, 8)
    expected = 2 * Normal(0.0, 1.0).cdf(torch.tensor(-0.4 / (2 * SIGMA))).item()
    assert abs(found.value - expected) < 5 * found.standard_error


def test_far_draws_stay_finite() -> None:
    assert overlap_of_log_ratio(torch.tensor([1e30, torch.inf]), torch.tensor([-1e30, -torch.inf])) == (
        0.0,
        0.0,
    )


def test_bad_questions_are_refused() -> None:
    x, labels = two_points(1.0, 2)
    with pytest.raises(UserError, match="no example has the label 5"):
        class_overlap(echo(2), x, labels, 0, 5)
    with pytest.raises(UserError, match="at least 2 draws"):
        class_overlap(echo(2), x, labels, 0, 1, draws=1)
    with pytest.raises(UserError, match="6 examples have 5 labels"):
        class_overlap(echo(2), x, labels[:5], 0, 1)
    with pytest.raises(UserError, match="two classes"):
        most_overlapping_pair(echo(2), x, torch.zeros(6, dtype=torch.long))
