"""Likelihoods p(x | h): modules that turn the decoder's output into a distribution over x."""

from vaekit.likelihoods.bands import SolvedBands, has_bands
from vaekit.likelihoods.discrete import BernoulliLikelihood, LogisticLikelihood, LogisticMixtureLikelihood
from vaekit.likelihoods.gaussian import FixedScale, GaussianLikelihood, LearnedScale, SolvedGaussian
from vaekit.likelihoods.heavy_tailed import (
    LaplaceLikelihood,
    LogCoshLikelihood,
    SolvedLaplace,
    StudentTLikelihood,
)
from vaekit.likelihoods.mixed import MixedLikelihood
from vaekit.likelihoods.observed import ObservedOnly
from vaekit.likelihoods.pixelcnn import PixelCNNLikelihood
from vaekit.likelihoods.reconstruction import Reconstruction
from vaekit.likelihoods.unit_interval import ContinuousBernoulliLikelihood
from vaekit.likelihoods.whole_numbers import (
    CategoricalLikelihood,
    NegativeBinomialLikelihood,
    PoissonLikelihood,
)

__all__ = [
    "BernoulliLikelihood",
    "CategoricalLikelihood",
    "ContinuousBernoulliLikelihood",
    "FixedScale",
    "GaussianLikelihood",
    "LaplaceLikelihood",
    "LearnedScale",
    "LogCoshLikelihood",
    "LogisticLikelihood",
    "LogisticMixtureLikelihood",
    "MixedLikelihood",
    "NegativeBinomialLikelihood",
    "ObservedOnly",
    "PixelCNNLikelihood",
    "PoissonLikelihood",
    "Reconstruction",
    "SolvedBands",
    "SolvedGaussian",
    "SolvedLaplace",
    "StudentTLikelihood",
    "has_bands",
]
