"""Posteriors q(z | x): modules that map features to a distribution."""

from vaekit.posteriors.diagonal import DiagonalGaussian
from vaekit.posteriors.full_covariance import FullCovarianceGaussian

__all__ = ["DiagonalGaussian", "FullCovarianceGaussian"]
