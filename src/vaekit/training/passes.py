"""Pass a batch through a network the fast way."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import cast, final

import torch
from torch import Tensor
from torch.nn import Module

from vaekit.training.speed import Speed


@final
class Pass:
    """Runs networks in training mode in the precision, and compiled, as a `Speed` says.

    What comes out has the precision of what went in: everything but the networks stays as it is.

    Args:
        speed: the way.

    Example:
        >>> layer = torch.nn.Linear(3, 2)
        >>> h = Pass(Speed("bfloat16"))(layer, torch.ones(1, 3))
        >>> h.dtype, torch.equal(h, h.bfloat16().float())
        (torch.float32, True)
    """

    def __init__(self, speed: Speed) -> None:
        self.speed = speed
        self._compiled: dict[Module, Callable[[Tensor], Tensor]] = {}

    def __call__(self, net: Module, h: Tensor) -> Tensor:
        """Return net(h)."""
        run = self._compiled_once(net) if self.speed.compiled else net
        lower = self.speed.precision == "bfloat16"
        with torch.autocast(h.device.type, torch.bfloat16) if lower else nullcontext():
            return run(h).to(h.dtype)

    def _compiled_once(self, net: Module) -> Callable[[Tensor], Tensor]:
        if net not in self._compiled:
            self._compiled[net] = cast(Callable[[Tensor], Tensor], torch.compile(net))
        return self._compiled[net]


def laid_out(x: Tensor, speed: Speed) -> Tensor:
    """A batch of images in the layout of a `Speed`; other data as they are."""
    if speed.layout == "channels_last" and x.ndim == 4:
        return x.contiguous(memory_format=torch.channels_last)
    return x


def lay_out_kernels(net: Module, speed: Speed) -> None:
    """Put the kernels of convolutions into the layout of a `Speed`, in place; the numbers stay the same."""
    if speed.layout == "channels_last":
        for parameter in net.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
