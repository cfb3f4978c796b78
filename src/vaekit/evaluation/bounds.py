"""Evidence lower bounds of every example of a split: the ELBO and the importance-weighted bound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Trace
from vaekit.data.batches import BLOCK, Examples
from vaekit.errors import UserError
from vaekit.noise import Noise
from vaekit.objectives import iwae_bound
from vaekit.shapes import mean_over_samples

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
    """

    distortion: Float[Tensor, " N"]
    elbo: Float[Tensor, " N"]
    iwae: Float[Tensor, " N"]


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
    at_once = samples_at_once(examples)
    rates: list[Tensor] = []
    found: dict[str, list[Bound]] = {name: [] for name in measures}
    for where, x, _ in examples.in_order(blocks):
        rate, by_measure = _chunk(vae, examples, where, x, measures, importance_samples, at_once)
        rates.append(rate)
        for name, bound in by_measure.items():
            found[name].append(bound)
        progress(where.stop / len(examples))
    joined = {
        name: Bound(
            torch.cat([p.distortion for p in parts]),
            torch.cat([p.elbo for p in parts]),
            torch.cat([p.iwae for p in parts]),
        )
        for name, parts in found.items()
    }
    return torch.cat(rates), joined


def samples_at_once(examples: Examples) -> int:
    """Samples in a block: few for large examples, whatever the memory, so that draws are reproducible."""
    dimensions = examples.values[0].numel()
    return max(1, min(50, 2**22 // (BLOCK * dimensions)))


def _chunk(
    vae: VAE,
    examples: Examples,
    where: slice,
    x: Tensor,
    measures: Mapping[str, LogLikelihood],
    importance_samples: int,
    at_once: int,
) -> tuple[Tensor, dict[str, Bound]]:
    rates: list[Tensor] = []
    log_likelihoods: dict[str, list[Tensor]] = {name: [] for name in measures}
    log_weights: dict[str, list[Tensor]] = {name: [] for name in measures}
    base = examples.noise(where, 0)
    for index, start in enumerate(range(0, importance_samples, at_once)):
        count = min(at_once, importance_samples - start)
        noise = examples.noise(where, index)
        trace = vae.trace(x, (count,), noise=noise)
        rates.append(trace.kl())
        log_ratio = trace.log_ratio()
        for name, log_likelihood in measures.items():
            value = log_likelihood(trace, base)
            log_likelihoods[name].append(value)
            log_weights[name].append(value + log_ratio)
    rate = mean_over_samples(torch.cat(rates))
    result: dict[str, Bound] = {}
    for name in measures:
        distortion = -mean_over_samples(torch.cat(log_likelihoods[name]))
        result[name] = Bound(distortion, -distortion - rate, iwae_bound(torch.cat(log_weights[name])))
    return rate, result
