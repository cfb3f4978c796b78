"""Distributions, masses on the grid of the data, and KLs that torch lacks; importing registers the KLs."""

from vaekit.distributions.autoregressive import (
    Autoregression,
    Autoregressive,
    log_prob_of,
    sample_from,
)
from vaekit.distributions.bernoulli import LogitBernoulli
from vaekit.distributions.by_column import ByColumn, columns_of
from vaekit.distributions.categories import Categories, Levels
from vaekit.distributions.continuous_bernoulli import ContinuousBernoulli, log_phi
from vaekit.distributions.counts import NegativeBinomial, Poisson
from vaekit.distributions.dirac import Dirac
from vaekit.distributions.flow import Flow, FlowStep, Planar, Radial
from vaekit.distributions.gamma import Gamma
from vaekit.distributions.gaussian import normal_log_cell_mass
from vaekit.distributions.heavy_tailed import HyperbolicSecant, Laplace, StudentT
from vaekit.distributions.kl import gaussian_kl, kl_per_dim
from vaekit.distributions.levels import cell_edges, is_highest, is_lowest, level_index, level_values
from vaekit.distributions.log_normal import LogNormal
from vaekit.distributions.logistic import DiscretisedLogistic, logistic_log_cell_mass
from vaekit.distributions.logistic_mixture import DiscretisedLogisticMixture
from vaekit.distributions.mass import log_mass, log_prob_per_dim
from vaekit.distributions.normal import SharedScaleNormal
from vaekit.distributions.numerics import log1mexp
from vaekit.distributions.observed import Observed, observed_only
from vaekit.distributions.one_hot import OneHot
from vaekit.distributions.quantised import CodeDistribution, CodeGrid, Quantised
from vaekit.distributions.tempered import temper_rule, tempered
from vaekit.distributions.uniforms import FromUniforms

__all__ = [
    "Autoregression",
    "Autoregressive",
    "ByColumn",
    "Categories",
    "CodeDistribution",
    "CodeGrid",
    "ContinuousBernoulli",
    "Dirac",
    "DiscretisedLogistic",
    "DiscretisedLogisticMixture",
    "Flow",
    "FlowStep",
    "FromUniforms",
    "Gamma",
    "HyperbolicSecant",
    "Laplace",
    "Levels",
    "LogNormal",
    "LogitBernoulli",
    "NegativeBinomial",
    "Observed",
    "OneHot",
    "Planar",
    "Poisson",
    "Quantised",
    "Radial",
    "SharedScaleNormal",
    "StudentT",
    "cell_edges",
    "columns_of",
    "gaussian_kl",
    "is_highest",
    "is_lowest",
    "kl_per_dim",
    "level_index",
    "level_values",
    "log1mexp",
    "log_mass",
    "log_phi",
    "log_prob_of",
    "log_prob_per_dim",
    "logistic_log_cell_mass",
    "normal_log_cell_mass",
    "observed_only",
    "sample_from",
    "temper_rule",
    "tempered",
]
