"""C4: a likelihood of quantised data gives all levels together the mass 1, the outermost ones included."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import Likelihood
from vaekit.distributions import level_values, log_mass
from vaekit.recipes.compose import build_likelihood
from vaekit.recipes.options import Architecture, LikelihoodName, SigmaName
from vaekit.spec import DataSpec
from vaekit.verification.check import Check, compare

GATE = "C4"
LEVELS = (2, 17, 256)
VALUES = 200
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}


def checks() -> list[Check]:
    """Run the row: Salimans et al. 2017, https://arxiv.org/abs/1701.05517, equation 2."""
    found: list[Check] = []
    for levels in LEVELS:
        for name, likelihood in likelihoods(levels):
            for dtype in (torch.float64, torch.float32):
                found += _sum(name, likelihood.to(dtype), levels, dtype)
    return found


def likelihoods(levels: int) -> Iterator[tuple[str, Likelihood]]:
    """Every likelihood that can hold so many levels, by the names of the command line."""
    spec = DataSpec((1,), levels, variance=0.05)
    names: list[LikelihoodName] = ["continuous_bernoulli", "logistic", "logistic_mixture"]
    if levels == 2:
        names.append("bernoulli")
    for name in names:
        yield name, build_likelihood(spec, Architecture(likelihood=name))
    sigmas: tuple[SigmaName | float, ...] = ("solved", "learned", 0.002)
    for sigma in sigmas:
        yield f"gaussian, sigma {sigma}", build_likelihood(spec, Architecture(sigma=sigma, likelihood="gaussian"))


def _sum(name: str, likelihood: Likelihood, levels: int, dtype: torch.dtype) -> list[Check]:
    generator = torch.Generator().manual_seed(6)
    outputs = likelihood.parameters_per_value
    h = 3 * torch.randn(VALUES, outputs, generator=generator, dtype=torch.float64).to(dtype)
    masses = level_masses(likelihood(h), levels, dtype)
    total = masses.sum(0)
    kind = f"{levels} levels, {name}, {str(dtype).removeprefix('torch.')}"
    return [
        compare(GATE, f"masses sum to 1: {kind}", torch.ones_like(total), total, TOLERANCE[dtype]),
        Check(GATE, f"no mass is negative or not a number: {kind}", 0.0, masses.min().item(), 0.0, "", "at_least"),
    ]


def level_masses(p: Distribution, levels: int, dtype: torch.dtype) -> Float[Tensor, "L N"]:
    """The mass of every level under each distribution of a batch, added up in float64."""
    x = level_values(levels, dtype).reshape(levels, 1, 1)
    return log_mass(p, x, levels).detach().double().exp()
