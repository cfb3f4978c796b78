"""Posteriors q(z | x): modules that map features to a distribution."""

from vaekit.posteriors.ascent import GradientAscent
from vaekit.posteriors.bernoulli import BernoulliPosterior, ControlVariate
from vaekit.posteriors.diagonal import DiagonalGaussian
from vaekit.posteriors.full_covariance import FullCovarianceGaussian
from vaekit.posteriors.gamma import GammaPosterior
from vaekit.posteriors.iaf import IAFPosterior
from vaekit.posteriors.one_hot import OneHotPosterior
from vaekit.posteriors.planar import PlanarPosterior
from vaekit.posteriors.point import PointPosterior
from vaekit.posteriors.quantised import QuantisedPosterior
from vaekit.posteriors.radial import RadialPosterior

__all__ = [
    "BernoulliPosterior",
    "ControlVariate",
    "DiagonalGaussian",
    "FullCovarianceGaussian",
    "GammaPosterior",
    "GradientAscent",
    "IAFPosterior",
    "OneHotPosterior",
    "PlanarPosterior",
    "PointPosterior",
    "QuantisedPosterior",
    "RadialPosterior",
]
