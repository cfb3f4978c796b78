"""Exponential moving averages of the weights, which validation scores in place of the weights themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor
from torch.nn import Module
from torch.optim.swa_utils import get_ema_multi_avg_fn


@final
class Averages:
    """θ̄ ← d θ̄ + (1 − d) θ after each step, with d = min(decay, (1 + t) / (10 + t)) after t steps.

    The early, smaller d lets the average forget the initial weights. Buffers are not averaged.

    Args:
        module: whose parameters are averaged; the averages start from their values.
        decay: d in the long run, in [0, 1).

    Source: Polyak & Juditsky 1992, https://doi.org/10.1137/0330046; Kingma & Ba 2015,
    https://arxiv.org/abs/1412.6980, section 7.2.

    Example:
        >>> layer = torch.nn.Linear(1, 1, bias=False)
        >>> averages = Averages(layer, decay=0.5)
        >>> _ = layer.weight.data.add_(2.0)
        >>> before = averages.tensors["weight"].item()
        >>> averages.update(steps=1)  # d = 2/11
        >>> round(averages.tensors["weight"].item() - before, 4)
        1.6364
    """

    def __init__(self, module: Module, decay: float) -> None:
        self.decay = decay
        self._parameters = dict(module.named_parameters())
        self._averages = {name: p.detach().clone() for name, p in self._parameters.items()}

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """The averages by the parameters' names."""
        return self._averages

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the averages of an earlier sitting.

        Raises:
            KeyError: if one is missing.
        """
        for name, average in self._averages.items():
            average.copy_(tensors[name])

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Take in the weights after `steps` steps."""
        decay = min(self.decay, (1 + steps) / (10 + steps))
        move = get_ema_multi_avg_fn(decay)  # one kernel for all parameters where the device has one
        move([*self._averages.values()], [*self._parameters.values()], None)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages into the module; afterwards the weights return bit for bit."""
        weights = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._fill(self._averages)
        try:
            yield
        finally:
            self._fill(weights)

    @torch.no_grad()
    def _fill(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(values[name])
