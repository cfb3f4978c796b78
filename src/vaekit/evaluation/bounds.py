"""Evidence lower bounds of every example of a split: the ELBO and the importance-weighted bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Module

from vaekit.core import VAE, Trace
from vaekit.data.batches import BLOCK, Examples
from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import iwae_bound
from vaekit.shapes import mean_over_samples

_NUMBERS_AT_ONCE = 2**22

LogLikelihood = Callable[[Trace, Noise], Tensor]
"""log p(x | z) of a trace under some measure, (*S, B) nats; the noise is for dequantising."""


@final
@dataclass(frozen=True)
class Bound:
    """The bounds of each example under one measure, in nats.

    Args:
        distortion: −E_q log p(x | z), (N,).
        elbo: distortion and rate together, with the true sign of a log-evidence, (N,).
        iwae: log (1/K) Σ w, (N,).
        ess: how many of the K draws count, (Σ w)²/Σ w², between 1 and K, (N,).
    """

    distortion: Float[Tensor, " N"]
    elbo: Float[Tensor, " N"]
    iwae: Float[Tensor, " N"]
    ess: Float[Tensor, " N"]

    def iwae_bias(self, importance_samples: int) -> Float[Tensor, " N"]:
        """How far the IWAE bound lies below log p(x): ½ (1/ESS − 1/K) nats to first order, (N,).

        Its standard error for the draws is the root of twice that. Both are guessed from the weights that were drawn:
        with an ESS near 1 one draw outweighs all others, the guess saturates at ½ nat, and the bound may be loose by
        any amount.

        Args:
            importance_samples: K of the bound.

        Source: Nowozin 2018, Debiasing evidence approximations, https://openreview.net/forum?id=HyZoi-WRb,
        proposition 1, with the weights' variance Var w/(E w)² = K/ESS − 1.
        """
        return (1 / self.ess - 1 / importance_samples) / 2


@torch.no_grad()
def bounds(
    vae: VAE,
    examples: Examples,
    measures: Mapping[str, LogLikelihood],
    importance_samples: int = 1,
    blocks: int = 2,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[Float[Tensor, " N"], dict[str, Bound]]:
    """Score every example of a split under one or several measures with the same draws.

    The draws of an example depend on the split's seed and its place in it alone, so neither `blocks` nor
    memory can change a result beyond rounding.

    Args:
        vae: in evaluation mode.
        examples: the split.
        measures: a name and log p(x | z) under it, for instance density and mass.
        importance_samples: K.
        blocks: how many blocks of examples are decoded at once.
        progress: told the fraction done.

    Returns:
        The rate E KL of each example (N,) nats, closed form where there is one, and a `Bound` per measure.

    Raises:
        UserError: if K < 1.
    """
    if importance_samples < 1:
        raise UserError(f"importance samples: at least 1 is needed, got {importance_samples}")
    group, most = samples_at_once(examples), draws_at_once(vae, examples)
    rates: list[Tensor] = []
    found: dict[str, list[Bound]] = {name: [] for name in measures}
    for where, x, _ in examples.in_order(blocks):
        for part in parts_of(len(x), max(1, most // min(group, importance_samples))):
            noises = [
                examples.noise(where, index).part(part.start, part.stop)
                for index in range(-(-importance_samples // group))
            ]
            rate, by_measure = _chunk(vae, x[part], noises, measures, importance_samples, group)
            rates.append(rate)
            for name, bound in by_measure.items():
                found[name].append(bound)
        progress(where.stop / len(examples))
    joined = {
        name: Bound(
            torch.cat([p.distortion for p in parts]),
            torch.cat([p.elbo for p in parts]),
            torch.cat([p.iwae for p in parts]),
            torch.cat([p.ess for p in parts]),
        )
        for name, parts in found.items()
    }
    return torch.cat(rates), joined


def samples_at_once(examples: Examples) -> int:
    """Samples that share one key of noise: a function of the data alone, so that draws are reproducible."""
    dimensions = prod(examples.values.shape[1:])
    return max(1, min(50, 2**22 // (BLOCK * dimensions)))


@torch.no_grad()
def draws_at_once(vae: VAE, examples: Examples) -> int:
    """Draws decoded together: so many that the largest tensor on the way has about 4 million numbers.

    That is little memory, and on a CPU less time per draw than with more of them.
    """
    largest = 1
    vae.trace(examples.first(1), noise=Noise(0, (), cut(1, 1)))  # what is computed once is no part of a draw

    def look(_module: Module, _inputs: object, output: object) -> None:
        nonlocal largest
        if isinstance(output, Tensor):
            largest = max(largest, output.numel())

    hooks = [module.register_forward_hook(look) for module in vae.modules()]
    try:
        # Not the picture of a reconstruction: an autoregressive likelihood draws that value by value.
        _ = vae.trace(examples.first(1), noise=Noise(0, (), cut(1, 1))).log_likelihood
    finally:
        for hook in hooks:
            hook.remove()
    return max(1, _NUMBERS_AT_ONCE // largest)


def parts_of(count: int, most: int) -> list[slice]:
    """Slices of at most `most` that cover `count`.

    Example:
        >>> parts_of(5, 2)
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + most, count)) for start in range(0, count, most)]


def _chunk(
    vae: VAE,
    x: Tensor,
    noises: Sequence[Noise],
    measures: Mapping[str, LogLikelihood],
    importance_samples: int,
    group: int,
) -> tuple[Tensor, dict[str, Bound]]:
    rates: list[Tensor] = []
    log_likelihoods: dict[str, list[Tensor]] = {name: [] for name in measures}
    log_weights: dict[str, list[Tensor]] = {name: [] for name in measures}
    features = vae.features(x)
    for noise, samples in zip(noises, parts_of(importance_samples, group), strict=True):
        trace = vae.trace(x, (samples.stop - samples.start,), noise=noise, features=features)
        rates.append(trace.kl())
        log_ratio = trace.log_ratio()
        for name, log_likelihood in measures.items():
            value = log_likelihood(trace, noises[0])
            log_likelihoods[name].append(value)
            log_weights[name].append(value + log_ratio)
    rate = mean_over_samples(torch.cat(rates))
    result: dict[str, Bound] = {}
    for name in measures:
        distortion = -mean_over_samples(torch.cat(log_likelihoods[name]))
        weights = torch.cat(log_weights[name])
        result[name] = Bound(distortion, -distortion - rate, iwae_bound(weights), effective_draws(weights))
    return rate, result


def effective_draws(log_weight: Float[Tensor, "K B"]) -> Float[Tensor, " B"]:
    """The effective sample size of importance weights, (Σ w)²/Σ w²: K if all are equal, 1 if one outweighs the rest.

    Args:
        log_weight: log w, (K, B).

    Source: Kong 1992, A note on importance sampling using standardized weights.

    Example:
        >>> effective_draws(torch.tensor([[0.0, 0.0], [0.0, -1000.0]]))
        tensor([2., 1.])
    """
    return 1 / log_weight.softmax(0).square().sum(0)
