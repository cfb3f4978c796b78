import pytest
import torch
from torch.distributions import MultivariateNormal

from vaekit.bounded import softly_bounded
from vaekit.noise import draw
from vaekit.verification.linear import gaussian_data, linear_vae, noise_for, sigma_trace, trace_at, unbounded


def test_unbounded_inverts_the_soft_bound() -> None:
    log_std = torch.linspace(-7.9, 3.9, 100, dtype=torch.float64)
    assert torch.allclose(softly_bounded(unbounded(log_std)), log_std, rtol=0, atol=1e-12)


def test_sigma_points_give_exact_means_of_quadratics() -> None:
    """Against 200,000 draws for each of 3 examples, 5 s.e.: false alarm 2e-6."""
    x = gaussian_data(3)
    vae = linear_vae(8, 3)
    exact = sigma_trace(vae, x).log_likelihood.mean(0)
    with torch.no_grad():
        drawn = vae.trace(x, (200_000,), noise=noise_for(3, 0)).log_likelihood
    error = drawn.std(0) / 200_000**0.5
    assert ((drawn.mean(0) - exact).abs() < 5 * error).all()


def test_sigma_points_have_the_moments_of_q() -> None:
    (site,) = sigma_trace(linear_vae(8, 3), gaussian_data(3)).sites
    assert torch.allclose(site.z.mean(0), site.posterior.mean)
    assert torch.allclose(site.z.var(0, correction=0), site.posterior.variance)


def test_trace_at_repeats_a_trace() -> None:
    x = gaussian_data(3)
    vae = linear_vae(8, 3)
    drawn = vae.trace(x, (2,), noise=noise_for(3, 0))
    again = trace_at(vae, x, {site.name: site.z for site in drawn.sites})
    assert torch.equal(drawn.log_weight(), again.log_weight())


@pytest.mark.parametrize("examples", [1, 50])
def test_noise_is_fixed(examples) -> None:
    q = MultivariateNormal(torch.zeros(2), torch.eye(2), validate_args=False)
    first, second = (draw(q, (examples,), noise_for(examples, 0), "z") for _ in range(2))
    assert torch.equal(first, second)
