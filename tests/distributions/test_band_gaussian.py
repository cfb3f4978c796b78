import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from vaekit.distributions.band_gaussian import BandGaussian
from vaekit.distributions.levels import level_values
from vaekit.distributions.mass import log_mass
from vaekit.distributions.orthonormal import dct_basis, haar_basis
from vaekit.errors import CapabilityError

SHAPE = (3, 4, 6)


def made(make, lead: tuple[int, ...] = (5,)) -> tuple[BandGaussian, torch.Tensor]:
    basis = make(SHAPE)
    variance = (torch.rand(int(basis.bands.max()) + 1) + 0.1)[basis.bands]
    return BandGaussian(torch.randn(*lead, *SHAPE), variance, basis), variance


def covariance(d: BandGaussian) -> torch.Tensor:
    """Tᵀ diag(v) T as a matrix over pixels, from the images of unit coefficients."""
    size = math.prod(SHAPE)
    rows = d.basis.inverse(torch.eye(size).reshape(size, *SHAPE)).reshape(size, size)
    return rows.T @ (d.variances.flatten()[:, None] * rows)


@pytest.mark.parametrize("make", [dct_basis, haar_basis])
@pytest.mark.parametrize("lead", [(5,), (2, 5)])
def test_the_density_is_that_of_the_dense_covariance(make, lead) -> None:
    d, _ = made(make, lead)
    dense = MultivariateNormal(d.mean.flatten(-3), covariance(d), validate_args=False)
    x = torch.randn(5, *SHAPE)
    torch.testing.assert_close(d.log_prob(x), dense.log_prob(x.flatten(-3)), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(d.variance.flatten(-3), dense.variance, rtol=1e-4, atol=1e-5)
    assert d.log_prob(x).shape == d.batch_shape == lead


def test_equal_variances_are_an_ordinary_gaussian() -> None:
    basis = dct_basis(SHAPE)
    mean, x = torch.randn(5, *SHAPE), torch.randn(5, *SHAPE)
    d = BandGaussian(mean, torch.full(SHAPE, 0.3), basis)
    plain = torch.distributions.Normal(mean, 0.3**0.5).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(d.log_prob(x), plain, rtol=1e-5, atol=1e-4)


def test_draws_have_the_variances_of_their_coefficients() -> None:
    """10,000 draws: a variance is known to √(2/10,000) = 1.4 %; 6 % is 4.2 standard errors for each of 72
    coefficients, a false alarm in 500 seeds; the seed is fixed."""
    d, variance = made(dct_basis, ())
    draws = d.expand(torch.Size([10_000])).sample()
    found = d.basis(draws - d.mean).square().mean(0)
    assert ((found / variance - 1).abs() < 0.06).all()


def test_gradients_reach_the_mean() -> None:
    mean = torch.zeros(2, *SHAPE, requires_grad=True)
    basis = haar_basis(SHAPE)
    BandGaussian(mean, torch.full(SHAPE, 0.5), basis).log_prob(torch.ones(2, *SHAPE)).sum().backward()
    assert mean.grad is not None
    torch.testing.assert_close(mean.grad, torch.full_like(mean, 2.0), rtol=1e-4, atol=1e-5)


def test_it_has_no_exact_mass_of_a_cell() -> None:
    d, _ = made(dct_basis)
    with pytest.raises(CapabilityError, match="BandGaussian has no exact mass"):
        log_mass(d, level_values(256, torch.float32)[torch.zeros(5, *SHAPE, dtype=torch.long)], 256)
