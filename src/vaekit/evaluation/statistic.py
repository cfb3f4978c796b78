"""The mean statistic of a split, from which a likelihood's closed-form part is solved."""

import torch
from torch import Tensor

from vaekit.core import VAE, Adaptive
from vaekit.data.batches import Examples


@torch.no_grad()
def mean_statistic(vae: VAE, examples: Examples) -> Tensor:
    """Mean over examples of the likelihood's statistic, at one draw from q each.

    Raises:
        TypeError: if the likelihood has no closed-form part.
    """
    likelihood = vae.likelihood
    if not isinstance(likelihood, Adaptive):
        raise TypeError(f"{type(likelihood).__name__} has nothing to solve")
    parts: list[Tensor] = []
    for _, x, noise in examples.in_order():
        trace = vae.trace(x, noise=noise)
        parts.append(likelihood.statistic(trace.likelihood, x))
    return torch.cat(parts).mean(0)
