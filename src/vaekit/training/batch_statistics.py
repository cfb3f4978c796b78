"""Statistics of batch normalisation for weights that no batch has seen: averaged ones."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from vaekit.core import VAE
from vaekit.noise import Noise

BATCHES = 50
"""How many training batches the statistics are estimated on, or all of an epoch where it has fewer."""


@contextmanager
def statistics_estimated_on(vae: VAE, batches: Iterable[tuple[Tensor, Noise]]) -> Iterator[None]:
    """Hold running moments that are plain means over the batches; afterwards the former ones return bit for bit.

    Nothing is read from `batches` where no layer keeps moments.

    Args:
        vae: in evaluation mode, and so in full precision.
        batches: x (B, *E) and the noise of its draws.

    Source: Izmailov et al. 2018 (SWA), https://arxiv.org/abs/1803.05407, section 3.2.
    """
    layers = [m for m in vae.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
    former = [{name: b.clone() for name, b in layer.named_buffers()} for layer in layers]
    if layers:
        _estimate(vae, layers, batches)
    try:
        yield
    finally:
        for layer, buffers in zip(layers, former, strict=True):
            for name, buffer in layer.named_buffers():
                buffer.copy_(buffers[name])


@torch.no_grad()
def _estimate(vae: VAE, layers: list[_BatchNorm], batches: Iterable[tuple[Tensor, Noise]]) -> None:
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch's sign for a cumulative mean
        layer.train()
    for x, noise in batches:
        vae.trace(x, noise=noise)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
