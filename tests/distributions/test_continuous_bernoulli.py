from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from scipy.stats import kstest

from vaekit.distributions import ContinuousBernoulli, level_values, log_phi
from vaekit.distributions.continuous_bernoulli import _SERIES_RADIUS as RADIUS

# Both sides of the seam between series and closed form, and of η = 0.
LOGITS = [0.0, 1e-12, 1e-7, 1e-4, 1e-2, 0.1, RADIUS - 1e-6, RADIUS, RADIUS + 1e-6, 1.0, 5.0, 30.0, 300.0]
SIGNED = [-eta for eta in LOGITS[1:]] + LOGITS


def exact(formula: Callable[[Any], Any], arguments: torch.Tensor, at_zero: float) -> torch.Tensor:
    """Evaluate a formula that is singular at 0 in more digits than any of the arguments takes away."""
    with mpmath.workdps(400):
        values = [float(formula(mpmath.mpf(t))) if t else at_zero for t in arguments.double().tolist()]
    return torch.tensor(values, dtype=torch.float64)


def exact_log_phi(t: Any) -> Any:
    return mpmath.log((mpmath.exp(t) - 1) / t)


def exact_mean(t: Any) -> Any:
    return mpmath.mpf(1) / 2 + mpmath.coth(t / 2) / 2 - 1 / t


def logits_near(dtype: torch.dtype) -> torch.Tensor:
    """λ from .001 to .999, dense around ½ where the formulas are singular."""
    offsets = torch.logspace(-9, -1, 60, dtype=torch.float64)
    probabilities = torch.cat([0.5 - offsets, 0.5 + offsets, torch.linspace(1e-3, 1 - 1e-3, 99).double()])
    return probabilities.logit().to(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 3e-14)])
def test_mean_and_normaliser_are_accurate_around_one_half(dtype: torch.dtype, tolerance: float) -> None:
    """C5: torch's own float32 mean is off by up to 1e-3 here."""
    eta = logits_near(dtype)
    mean = ContinuousBernoulli(eta).mean
    assert mean.dtype == dtype
    torch.testing.assert_close(mean.double(), exact(exact_mean, eta, 0.5), rtol=0, atol=tolerance)
    torch.testing.assert_close(log_phi(eta).double(), exact(exact_log_phi, eta, 0.0), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-7), (torch.float64, 1e-14)])
def test_log_phi_is_accurate_everywhere(dtype: torch.dtype, tolerance: float) -> None:
    t = torch.tensor(SIGNED, dtype=dtype)
    expected = exact(exact_log_phi, t, 0.0)
    torch.testing.assert_close(log_phi(t).double(), expected, rtol=tolerance, atol=tolerance)


def test_normaliser_and_mean_are_the_published_ones() -> None:
    """C5: log p(x) = x log λ + (1 − x) log(1 − λ) + log C, C = 2 atanh(1 − 2λ)/(1 − 2λ)."""
    probs = torch.tensor([0.02, 0.1, 0.3, 0.7, 0.999], dtype=torch.float64)
    pixels = ContinuousBernoulli(probs.logit())
    atanh = (1 - 2 * probs).atanh()
    x = torch.tensor([[0.0], [0.25], [1.0]], dtype=torch.float64)
    published = x * probs.log() + (1 - x) * (1 - probs).log() + (2 * atanh / (1 - 2 * probs)).log()
    torch.testing.assert_close(pixels.log_prob(x), published, rtol=0, atol=1e-12)
    torch.testing.assert_close(pixels.mean, probs / (2 * probs - 1) + 1 / (2 * atanh), rtol=0, atol=1e-12)
    assert abs(pixels.mean[1].item() - 0.330) < 5e-4


def test_the_slope_of_log_phi_is_the_mean() -> None:
    eta = torch.tensor(SIGNED, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(log_phi(eta).sum(), eta)
    torch.testing.assert_close(slope, ContinuousBernoulli(eta).mean, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_masses_sum_to_one(levels: int, dtype: torch.dtype) -> None:
    """C4, in float32 too."""
    pixels = ContinuousBernoulli(torch.tensor(SIGNED, dtype=dtype)[:, None])
    mass = pixels.log_cell_mass(level_values(levels, dtype), levels).double().exp().sum(-1)
    torch.testing.assert_close(mass, torch.ones_like(mass), rtol=0, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 17])
def test_cell_masses_are_differences_of_the_cdf(levels: int) -> None:
    pixels = ContinuousBernoulli(torch.tensor([-6.0, -0.2, 0.0, 1e-3, 3.0], dtype=torch.float64)[:, None])
    x = level_values(levels, torch.float64)
    edges = torch.cat([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]])
    torch.testing.assert_close(pixels.log_cell_mass(x, levels).exp(), pixels.cdf(edges).diff(dim=-1))


def test_density_integrates_to_the_cdf() -> None:
    pixels = ContinuousBernoulli(
        torch.tensor([-9.0, -0.4, 0.0, 1e-4, 0.6, 12.0], dtype=torch.float64)[:, None]
    )
    x = torch.linspace(0, 1, 4001, dtype=torch.float64)
    cumulated = torch.cumulative_trapezoid(pixels.log_prob(x).exp(), x)
    torch.testing.assert_close(pixels.cdf(x)[:, 1:], cumulated, rtol=0, atol=1e-5)


def test_agrees_with_torch_away_from_one_half() -> None:
    eta = torch.tensor([-8.0, -2.0, 1.0, 6.0], dtype=torch.float64)
    ours = ContinuousBernoulli(eta)
    theirs = torch.distributions.ContinuousBernoulli(logits=eta, validate_args=False)
    x = torch.linspace(0.01, 0.99, 9, dtype=torch.float64)[:, None]
    for mine, other in [
        (ours.log_prob(x), theirs.log_prob(x)),
        (ours.cdf(x), theirs.cdf(x)),
        (ours.icdf(x), theirs.icdf(x)),
        (ours.entropy(), theirs.entropy()),
        (ours.mean, theirs.mean),
    ]:
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-13)])
def test_icdf_inverts_the_cdf(dtype: torch.dtype, tolerance: float) -> None:
    u = torch.tensor([0.0, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1.0], dtype=dtype)
    pixels = ContinuousBernoulli(torch.tensor(SIGNED, dtype=dtype)[:, None])
    x = pixels.icdf(u)
    assert (x[:, 0] == 0).all()
    assert (x[:, -1] == 1).all()
    # A rounding of x moves the cdf by the density, |η| at the most.
    error = (pixels.cdf(x) - u).abs() / pixels.logits.abs().clamp(min=1)
    assert error.max() < tolerance


@pytest.mark.parametrize("u", [0.001, 0.3, 0.5, 0.97])
def test_icdf_agrees_with_its_formula(u: float) -> None:
    """On both sides of the series' seam at |η| = 7.4e-4."""
    eta = torch.tensor([-20.0, -0.01, -8e-4, -7e-4, 0.0, 1e-4, 7e-4, 8e-4, 3.0, 20.0], dtype=torch.float64)
    expected = exact(lambda t: mpmath.log(1 + mpmath.mpf(u) * (mpmath.exp(t) - 1)) / t, eta, u)
    computed = ContinuousBernoulli(eta).icdf(torch.tensor(u, dtype=torch.float64))
    torch.testing.assert_close(computed, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cdf_is_exact_at_both_ends(dtype: torch.dtype) -> None:
    pixels = ContinuousBernoulli(torch.tensor(SIGNED, dtype=dtype)[:, None])
    ends = pixels.cdf(torch.tensor([0.0, 1.0], dtype=dtype))
    torch.testing.assert_close(ends, torch.tensor([[0.0, 1.0]], dtype=dtype).expand_as(ends), rtol=0, atol=0)


@pytest.mark.parametrize("eta", [-200.0, -3.0, 0.0, 1e-5, 0.04, 2.0, 40.0])
def test_samples_follow_the_cdf(eta: float) -> None:
    """Kolmogorov–Smirnov; false alarm 1e-3 per case, seed fixed."""
    torch.manual_seed(0)
    pixels = ContinuousBernoulli(torch.tensor(eta))
    drawn = pixels.rsample((20000,))
    assert ((drawn >= 0) & (drawn <= 1)).all()
    reference = ContinuousBernoulli(torch.tensor(eta, dtype=torch.float64))
    assert kstest(drawn.numpy(), lambda x: reference.cdf(torch.as_tensor(x).double()).numpy()).pvalue > 1e-3


# Away from the seams, over which a finite difference would step, but close to η = 0 on both sides.
SMOOTH = [-40.0, -3.0, -0.3, -0.01, -1e-4, 0.0, 1e-4, 0.01, 0.3, 3.0, 40.0]


@pytest.mark.parametrize(
    "method",
    [
        lambda pixels, y: pixels.log_prob(y),
        lambda pixels, y: pixels.cdf(y),
        lambda pixels, y: pixels.icdf(y),
        lambda pixels, y: pixels.log_cell_mass(y.round(decimals=1), 11),
        lambda pixels, y: pixels.mean + 0 * y,
        lambda pixels, y: pixels.entropy() + 0 * y,
    ],
    ids=["log_prob", "cdf", "icdf", "log_cell_mass", "mean", "entropy"],
)
def test_gradients_equal_finite_differences(
    method: Callable[[ContinuousBernoulli, torch.Tensor], torch.Tensor],
) -> None:
    eta = torch.tensor(SMOOTH, dtype=torch.float64)[:, None].requires_grad_()
    y = torch.tensor([0.02, 0.31, 0.5, 0.97], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda eta: method(ContinuousBernoulli(eta), y), eta)


def test_pathwise_gradients_are_accurate_around_one_half() -> None:
    """dx/dη = u(1 − u)/2 at η = 0, in float32 on both sides of the series' seam."""
    eta = torch.tensor([0.0, 1e-6, 1e-3, 0.03, 0.05], requires_grad=True)
    (single,) = torch.autograd.grad(ContinuousBernoulli(eta).icdf(torch.tensor(0.3)).sum(), eta)
    wide = eta.detach().double().requires_grad_()
    (double,) = torch.autograd.grad(ContinuousBernoulli(wide).icdf(torch.tensor(0.3).double()).sum(), wide)
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5)
    torch.testing.assert_close(double[0].item(), 0.3 * 0.7 / 2, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_give_finite_values_and_gradients(dtype: torch.dtype) -> None:
    eta = torch.tensor([-1e6, -1e3, 0.0, 1e-30, 1e3, 1e6], dtype=dtype)[:, None].requires_grad_()
    pixels = ContinuousBernoulli(eta)
    y = torch.tensor([0.0, 0.5, 1.0], dtype=dtype)
    values = [
        pixels.mean,
        pixels.entropy(),
        pixels.log_prob(y),
        pixels.cdf(y),
        pixels.icdf(y),
        pixels.log_cell_mass(y, 17),
    ]
    for value in values:
        (gradient,) = torch.autograd.grad(value.sum(), eta, retain_graph=True)
        assert value.isfinite().all()
        assert gradient.isfinite().all()


def test_float32_agrees_with_float64() -> None:
    eta = torch.tensor(SMOOTH)[:, None]
    single, double = ContinuousBernoulli(eta), ContinuousBernoulli(eta.double())
    x = level_values(17, torch.float32)
    wide = x.double()
    for mine, other in [
        (single.log_prob(x), double.log_prob(wide)),
        (single.log_cell_mass(x, 17), double.log_cell_mass(wide, 17)),
        (single.cdf(x), double.cdf(wide)),
        (single.icdf(x), double.icdf(wide)),
        (single.entropy(), double.entropy()),
    ]:
        torch.testing.assert_close(mine.double(), other, rtol=2e-6, atol=2e-6)


def test_arguments_are_checked_on_request() -> None:
    with pytest.raises(ValueError, match="logits"):
        ContinuousBernoulli(torch.tensor(float("nan")), validate_args=True)
    pixels = ContinuousBernoulli(torch.zeros(2), validate_args=True)
    for method in (pixels.log_prob, pixels.cdf):
        with pytest.raises(ValueError, match="support"):
            method(torch.tensor([0.0, 2.0]))
