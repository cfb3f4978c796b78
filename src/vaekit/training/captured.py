"""A whole step as one graph of kernels, captured once and replayed: no kernel is launched from Python."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from vaekit.noise import Noise, Tape

Body = Callable[[Tensor, Noise, Tensor], dict[str, Tensor]]
"""(x, noise, fraction of training done) -> the scalars of one step, which it takes."""
_EAGER = 3
"""Steps taken before the capture: libraries choose their kernels in them, and optimisers make their state."""


class Graphs(ABC):
    """What can record the kernels of a function."""

    @abstractmethod
    def warm(self, act: Callable[[], None]) -> None:
        """Act once, as it will be recorded."""

    @abstractmethod
    def record(self, act: Callable[[], None]) -> Callable[[], None]:
        """Record what `act` does, without doing it; return what does it again."""


@final
class CudaGraphs(Graphs):
    """Graphs of a CUDA device.

    Source: the section on CUDA graphs of torch's notes on CUDA semantics.
    """

    def warm(self, act: Callable[[], None]) -> None:
        """Act once on a stream of its own, as captures do."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            act()
        torch.cuda.current_stream().wait_stream(stream)

    def record(self, act: Callable[[], None]) -> Callable[[], None]:
        """Record a graph."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            act()
        return graph.replay


@final
class CapturedStep:
    """Takes steps like its body, from the fourth on by replaying what the third did with other numbers.

    What changes from step to step lives in memory that the graph knows: x, the fraction of training done, and
    the random numbers, which are drawn before the replay from the same seeds as ever (decision 21). Learning
    rates must be tensors.

    Args:
        body: one step; it must read nothing else that changes, and never wait for the device.
        graphs: what records it.
    """

    def __init__(self, body: Body, graphs: Graphs) -> None:
        self._body, self._graphs = body, graphs
        self._tape = Tape()
        self._x = self._fraction = torch.empty(0)
        self._noise: Noise | None = None
        self._scalars: dict[str, Tensor] = {}
        self._taken = 0
        self._replay: Callable[[], None] | None = None

    def __call__(self, x: Tensor, noise: Noise, fraction: Tensor) -> dict[str, Tensor]:
        """Take a step and return its scalars; they are overwritten by the next one."""
        if self._noise is None:
            self._x, self._fraction = x.clone(), fraction.clone()
        else:
            self._x.copy_(x)
            self._fraction.copy_(fraction)
        self._tape.refill(noise)
        self._noise = noise.on(self._tape)
        if self._taken < _EAGER:
            self._graphs.warm(self._act)
        else:
            if self._replay is None:
                self._replay = self._graphs.record(self._act)
            self._replay()
        self._taken += 1
        return self._scalars

    def _act(self) -> None:
        assert self._noise is not None
        self._scalars = self._body(self._x, self._noise, self._fraction)
