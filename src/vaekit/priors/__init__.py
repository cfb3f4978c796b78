"""Priors p(z): modules that return a distribution."""

from vaekit.priors.conditional import ConditionalGaussian
from vaekit.priors.gaussian import GaussianPrior, StandardNormal
from vaekit.priors.mixture import GaussianMixturePrior

__all__ = ["ConditionalGaussian", "GaussianMixturePrior", "GaussianPrior", "StandardNormal"]
