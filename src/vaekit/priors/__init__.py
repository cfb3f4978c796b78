"""Priors p(z): modules that return a distribution."""

from vaekit.priors.bernoulli import BernoulliPrior
from vaekit.priors.codes import CodePrior, PixelCNNCodes, UniformCodes
from vaekit.priors.committed import committed_prior, committed_rate, correlation_for
from vaekit.priors.conditional import ConditionalGaussian
from vaekit.priors.diagonal_mixture import DiagonalMixture
from vaekit.priors.exemplar import ExemplarPrior
from vaekit.priors.flow import FlowPrior
from vaekit.priors.flow_matching import FlowMatchingPrior
from vaekit.priors.gamma import GammaPrior
from vaekit.priors.gaussian import GaussianPrior, StandardNormal
from vaekit.priors.kept import KeptPrior
from vaekit.priors.learned_mixture import LearnedMixture
from vaekit.priors.mixture import GaussianMixturePrior
from vaekit.priors.none import NoPrior
from vaekit.priors.one_hot import OneHotPrior
from vaekit.priors.pushforward import Pushforward, PushforwardPrior
from vaekit.priors.sparse import SparsePrior
from vaekit.priors.two_stage import TwoStagePrior
from vaekit.priors.vamp import VampPrior

__all__ = [
    "BernoulliPrior",
    "CodePrior",
    "ConditionalGaussian",
    "DiagonalMixture",
    "ExemplarPrior",
    "FlowMatchingPrior",
    "FlowPrior",
    "GammaPrior",
    "GaussianMixturePrior",
    "GaussianPrior",
    "KeptPrior",
    "LearnedMixture",
    "NoPrior",
    "OneHotPrior",
    "PixelCNNCodes",
    "Pushforward",
    "PushforwardPrior",
    "SparsePrior",
    "StandardNormal",
    "TwoStagePrior",
    "UniformCodes",
    "VampPrior",
    "committed_prior",
    "committed_rate",
    "correlation_for",
]
