import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from vaekit.errors import UserError
from vaekit.priors import committed_prior, committed_rate, correlation_for
from vaekit.priors.committed import autoregressive_factor
from vaekit.priors.gaussian import GaussianPrior

CASES = [(2, 0.1), (2, 2.0), (5, 0.7), (16, 3.0), (50, 20.0)]


@pytest.mark.parametrize(("latents", "a"), [(2, 0.6), (4, 0.9), (7, 0.1)])
def test_it_is_the_autoregression(latents: int, a: float) -> None:
    """z = L ε run step by step, and its covariance a^|i−j|."""
    factor = autoregressive_factor(latents, a)
    eps = torch.randn(3, latents, dtype=torch.float64)
    z = [eps[:, 0]]
    for j in range(1, latents):
        z.append(a * z[-1] + (1 - a * a) ** 0.5 * eps[:, j])
    torch.testing.assert_close(eps @ factor.T, torch.stack(z, -1))
    steps = torch.arange(latents)
    torch.testing.assert_close(factor @ factor.T, (a ** (steps[:, None] - steps).abs()).double())


@pytest.mark.parametrize(("latents", "rate"), CASES)
def test_the_least_rate_of_a_diagonal_gaussian_is_the_one_asked_for(latents: int, rate: float) -> None:
    """The best diagonal q has mean 0 and the variances 1/Λ_jj of the precision Λ: its KL, and its neighbours'."""
    prior = committed_prior(latents, rate)
    factor = autoregressive_factor(latents, correlation_for(latents, rate))
    torch.testing.assert_close(prior.scale_tril, factor.float())
    p = GaussianPrior(torch.zeros(latents, dtype=torch.float64), factor)()
    deviations = torch.cholesky_inverse(factor).diagonal().rsqrt()

    def kl(mean: torch.Tensor, scale: torch.Tensor) -> float:
        q = Independent(Normal(mean, scale, validate_args=False), 1, validate_args=False)
        return kl_divergence(q, p).item()

    least = kl(torch.zeros(latents, dtype=torch.float64), deviations)
    assert least == pytest.approx(rate, abs=1e-8)
    for j in range(latents):
        step = torch.zeros(latents, dtype=torch.float64)
        step[j] = 0.01
        for sign in (-1, 1):
            assert kl(sign * step, deviations) > least
            assert kl(torch.zeros_like(step), deviations * (sign * step).exp()) > least


def test_an_optimiser_finds_no_lower_rate() -> None:
    p = committed_prior(4, 1.5).double()()
    mean = torch.randn(4, dtype=torch.float64, requires_grad=True)
    log_scale = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([mean, log_scale], max_iter=200, tolerance_change=1e-14)

    def kl() -> torch.Tensor:
        q = Independent(Normal(mean, log_scale.exp(), validate_args=False), 1, validate_args=False)
        return kl_divergence(q, p)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = kl()
        value.backward()
        return value

    optimiser.step(closure)
    assert kl().item() == pytest.approx(1.5, abs=1e-5)  # the prior was rounded to single precision


@pytest.mark.parametrize(("latents", "rate"), CASES)
def test_the_correlation_is_the_inverse_of_the_rate(latents: int, rate: float) -> None:
    a = correlation_for(latents, rate)
    assert 0 < a < 1
    assert committed_rate(latents, a) == pytest.approx(rate, abs=1e-10)


@pytest.mark.parametrize(
    ("latents", "rate", "sentence"),
    [
        (1, 1.0, "--latents 2 or more"),
        (4, 0.0, "more than 0"),
        (4, float("nan"), "more than 0"),
        (4, 1e3, "at most 5.3 nats, got 1000"),
    ],
)
def test_what_no_correlation_gives_is_refused(latents: int, rate: float, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        committed_prior(latents, rate)
