"""Under which measure a model's evidence is stated: a density of x, or the mass of its level."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.constraints import real, real_vector

from vaekit.core import Likelihood, Trace
from vaekit.distributions import log_mass
from vaekit.errors import CapabilityError
from vaekit.evaluation.bounds import LogLikelihood
from vaekit.noise import Noise
from vaekit.spec import DataSpec

MASS = "mass"
MASS_BOUND = "mass, by dequantisation"
DENSITY = "density"
DEQUANTISED = "density of uniformly dequantised x"


def native(trace: Trace, noise: Noise) -> Tensor:
    """log p(x | z) as the likelihood itself has it."""
    _ = noise
    return trace.log_likelihood


def measures_for(
    likelihood: Likelihood, distribution: Distribution, spec: DataSpec
) -> Mapping[str, LogLikelihood]:
    """The measures in which a model of these data can be scored, the first one the headline.

    Floats have densities only. Data with levels have the mass of the level: exact where the likelihood
    factorises, else E_u log p(x + u) − D ln(L−1), an upper bound of −log mass by Jensen's inequality.
    Where the density lives on the real line, that of x + u is given beside it.

    Args:
        likelihood: of the model.
        distribution: p(x | z) of any example, to see what it can give.
        spec: of the data.

    Source: Theis et al. 2016, https://arxiv.org/abs/1511.01844, section 3.1 (dequantisation).
    """
    if likelihood.measure == "mass":
        return {MASS: native}
    if spec.levels is None:
        return {DENSITY: native}
    levels = spec.levels

    def dequantised(trace: Trace, noise: Noise) -> Tensor:
        u = noise.uniform("dequantise", trace.x.shape, 0, trace.x)
        return trace.likelihood.log_prob(trace.x + (u - 0.5) / (levels - 1))

    def bounded(trace: Trace, noise: Noise) -> Tensor:
        return dequantised(trace, noise) - spec.dimensions * math.log(levels - 1)

    def exact(trace: Trace, noise: Noise) -> Tensor:
        _ = noise
        return log_mass(trace.likelihood, trace.x, levels)

    measures: dict[str, LogLikelihood] = (
        {MASS: exact} if factorises(distribution, spec) else {MASS_BOUND: bounded}
    )
    return measures | ({DEQUANTISED: dequantised} if lives_on_real_line(distribution) else {})


def factorises(distribution: Distribution, spec: DataSpec) -> bool:
    """Whether the exact mass of a cell can be had."""
    x = torch.zeros_like(distribution.mean)
    try:
        log_mass(distribution, x, spec.levels or 2)
    except CapabilityError:
        return False
    return True


def lives_on_real_line(distribution: Distribution) -> bool:
    """Whether log p may be asked outside [0, 1]."""
    support = distribution.support
    return getattr(support, "base_constraint", support) in (real, real_vector)
