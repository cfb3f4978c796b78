"""A Gaussian by bands of frequency is the Gaussian of the dense covariance: a rotation changes no density."""

import torch
from torch.distributions import MultivariateNormal, Normal

from vaekit.distributions.band_gaussian import BandGaussian
from vaekit.distributions.orthonormal import Basis, dct_basis, haar_basis
from vaekit.verification.check import Check, compare

GATE = "bands"
SHAPE = (3, 6, 8)
DIMENSIONS = 3 * 6 * 8
EXACT = 1e-8


def checks() -> list[Check]:
    """Run the row: both bases, in float64."""
    bases = {"cosines": dct_basis(SHAPE, dtype=torch.float64), "Haar": haar_basis(SHAPE, torch.float64)}
    return [check for name, basis in bases.items() for check in _row(name, basis)]


def _row(name: str, basis: Basis) -> list[Check]:
    generator = torch.Generator().manual_seed(12)
    x, mean = torch.randn(2, 4, *SHAPE, generator=generator, dtype=torch.float64)
    by_band = torch.rand(int(basis.bands.max()) + 1, generator=generator, dtype=torch.float64) + 0.01
    variance = by_band[basis.bands]
    unit = torch.eye(DIMENSIONS, dtype=torch.float64).reshape(DIMENSIONS, *SHAPE)
    vectors = basis.inverse(unit).reshape(DIMENSIONS, DIMENSIONS)
    covariance = vectors.T @ (variance.reshape(-1, 1) * vectors)
    dense = MultivariateNormal(mean.flatten(1), covariance, validate_args=False).log_prob(x.flatten(1))
    plain = Normal(mean, 0.2, validate_args=False).log_prob(x).flatten(1).sum(1)
    equal = BandGaussian(mean, torch.full_like(variance, 0.2**2), basis)
    return [
        compare(
            GATE,
            f"{name}: vectors are orthonormal",
            torch.eye(DIMENSIONS, dtype=torch.float64),
            vectors @ vectors.T,
            EXACT,
        ),
        compare(
            GATE,
            f"{name}: log p(x) is that of the dense covariance",
            dense,
            BandGaussian(mean, variance, basis).log_prob(x),
            EXACT,
            "nats",
        ),
        compare(
            GATE,
            f"{name}: with equal bands log p(x) is that of independent pixels",
            plain,
            equal.log_prob(x),
            EXACT,
            "nats",
        ),
    ]
