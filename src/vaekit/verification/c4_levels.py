"""C4: a likelihood of quantised data gives all levels together the mass 1, the outermost ones included."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal

from vaekit.core import Likelihood
from vaekit.distributions import (
    ContinuousBernoulli,
    DiscretisedLogistic,
    DiscretisedLogisticMixture,
    Laplace,
    Levels,
    NegativeBinomial,
    Poisson,
    level_values,
    log_mass,
)
from vaekit.recipes.compose import build_likelihood
from vaekit.recipes.options import Architecture, LikelihoodName, SigmaName
from vaekit.spec import DataSpec
from vaekit.verification.check import Check, compare

GATE = "C4"
LEVELS = (2, 17, 256)
VALUES = 200
EXACT = 1e-6


def checks() -> list[Check]:
    """Run the row: Salimans et al. 2017, https://arxiv.org/abs/1701.05517, equation 2."""
    levels = [
        check
        for levels in LEVELS
        for name, likelihood in likelihoods(levels)
        for check in _row(f"{levels} levels, {name}", likelihood, levels)
    ]
    return [*levels, *_counts()]


def likelihoods(levels: int) -> Iterator[tuple[str, Likelihood]]:
    """Every likelihood that can hold so many levels, by the names of the command line."""
    spec = DataSpec((1,), levels, variance=0.05)
    names: list[LikelihoodName] = [
        "continuous_bernoulli",
        "logistic",
        "logistic_mixture",
        "categorical",
        "laplace",
    ]
    if levels == 2:
        names.append("bernoulli")
    for name in names:
        yield name, build_likelihood(spec, Architecture(likelihood=name))
    sigmas: tuple[SigmaName | float, ...] = ("solved", "learned", 0.002)
    for sigma in sigmas:
        yield (
            f"gaussian, sigma {sigma}",
            build_likelihood(spec, Architecture(sigma=sigma, likelihood="gaussian")),
        )


def _row(kind: str, likelihood: Likelihood, levels: int) -> list[Check]:
    generator = torch.Generator().manual_seed(6)
    outputs = likelihood.parameters_per_value
    h = 3 * torch.randn(VALUES, outputs, generator=generator, dtype=torch.float64)
    single = level_masses(likelihood.float()(h.float()), levels, torch.float32)
    p = likelihood.double()(h)
    double = level_masses(p, levels, torch.float64)
    totals = torch.cat([double.sum(0), single.sum(0)])
    outermost = torch.stack([double[0], double[-1]])
    return [
        compare(GATE, f"masses sum to 1: {kind}", torch.ones_like(totals), totals, EXACT),
        compare(GATE, f"outermost masses are the tails: {kind}", tails(p, levels), outermost, EXACT),
    ]


def _counts() -> list[Check]:
    """Masses of 0 … 9999 counts, far beyond which there is none of these means and spreads."""
    generator = torch.Generator().manual_seed(7)
    log_mean = 1.5 * torch.randn(VALUES, generator=generator, dtype=torch.float64)
    spread = torch.randn(VALUES, generator=generator, dtype=torch.float64).exp()
    k = torch.arange(10_000, dtype=torch.float64).unsqueeze(-1)
    found: list[Check] = []
    for name, p in (
        ("Poisson", Poisson(log_mean)),
        ("negative binomial", NegativeBinomial(log_mean, spread)),
    ):
        masses = p.log_prob(k).exp()
        ones, mean = torch.ones(VALUES, dtype=torch.float64), (masses * k).sum(0)
        found.append(compare(GATE, f"masses sum to 1: counts, {name}", ones, masses.sum(0), EXACT))
        found.append(
            compare(GATE, f"the mean is that of the masses: counts, {name}", p.mean / mean, ones, EXACT)
        )
    return found


def level_masses(p: Distribution, levels: int, dtype: torch.dtype) -> Float[Tensor, "L N"]:
    """The mass of every level under each distribution of a batch, to be added up in float64."""
    x = level_values(levels, dtype).reshape(levels, 1, 1)
    return log_mass(p, x, levels).detach().double().exp()


def tails(p: Distribution, levels: int) -> Float[Tensor, "2 N"]:
    """P(x < ½/(L−1)) and P(x > 1 − ½/(L−1)) before quantisation, from the distribution functions."""
    base = p.base_dist if isinstance(p, Independent) else p
    edge = 0.5 / (levels - 1)
    low, high = (_below(base, at).detach().squeeze(-1) for at in (edge, 1 - edge))
    return torch.stack([low, 1 - high])


def _below(base: Distribution, edge: float) -> Float[Tensor, "N 1"]:
    """P(x < edge)."""
    match base:
        case Normal():
            return base.cdf(torch.full_like(base.loc, edge))
        case Bernoulli():
            return 1 - base.probs
        case ContinuousBernoulli():
            return (edge * base.logits).expm1() / base.logits.expm1()
        case Laplace():
            beyond = -(edge - base.loc).abs() / base.scale
            return torch.where(base.loc > edge, beyond.exp() / 2, 1 - beyond.exp() / 2)
        case Levels():
            places = level_values(base.levels, base.log_probs.dtype)
            return (base.log_probs.exp() * (places < edge)).sum(-1)
        case DiscretisedLogistic():
            return ((edge - base.centre) / base.log_scale.exp()).sigmoid()
        case DiscretisedLogisticMixture():
            below = ((edge - base.centres) / base.log_scales.exp()).sigmoid()
            return (base.logits.softmax(-1) * below).sum(-1)
    raise TypeError(f"no distribution function is known for {type(base).__name__}")
