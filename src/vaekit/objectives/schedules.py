"""Weights that change during training: values of the progress, never attributes that a loss mutates."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vaekit.errors import UserError


class Schedule(ABC):
    """A weight as a function of progress t = step / total steps, both 0-dimensional tensors."""

    @property
    @abstractmethod
    def settled(self) -> float:
        """The fraction of training after which the weight is final."""

    @abstractmethod
    def __call__(self, progress: Tensor) -> Tensor:
        """Return the weight at progress t in [0, 1]."""


@final
@dataclass(frozen=True)
class Constant(Schedule):
    """The same weight throughout."""

    value: float

    @property
    def settled(self) -> float:
        """From the start."""
        return 0.0

    def __call__(self, progress: Tensor) -> Tensor:
        """Return the value."""
        return torch.full_like(progress, self.value)


@final
@dataclass(frozen=True)
class Linear(Schedule):
    """w(t) = value · min(1, t / over): linear warm-up, then constant.

    Args:
        value: the weight after the warm-up.
        over: the fraction of training that the warm-up takes; 0 for none.

    Source: Bowman et al. 2016, https://arxiv.org/abs/1511.06349, section 3.1; Sønderby et al. 2016.

    Example:
        >>> Linear(2.0, over=0.5)(torch.tensor(0.25))
        tensor(1.)
    """

    value: float
    over: float

    def __post_init__(self) -> None:
        if not 0 <= self.over <= 1:
            raise UserError(f"a warm-up takes a fraction of training between 0 and 1, got {self.over}")

    @property
    def settled(self) -> float:
        """When the warm-up is over."""
        return self.over

    def __call__(self, progress: Tensor) -> Tensor:
        """Return the weight at progress t."""
        if self.over == 0:
            return torch.full_like(progress, self.value)
        return self.value * (progress / self.over).clamp(max=1)


@final
@dataclass(frozen=True)
class Cyclical(Schedule):
    """w(t) = value · min(1, τ/rise), τ = (t·cycles) mod 1: several warm-ups in a row.

    Args:
        value: the weight at the top.
        cycles: M, how many warm-ups.
        rise: R, the fraction of a cycle that rises.

    Source: Fu et al. 2019, https://arxiv.org/abs/1903.10145, equations 6–7.

    Example:
        >>> Cyclical(1.0, cycles=4, rise=0.5)(torch.tensor(0.3125))
        tensor(0.5000)
    """

    value: float
    cycles: int = 4
    rise: float = 0.5

    def __post_init__(self) -> None:
        if self.cycles < 1 or not 0 < self.rise <= 1:
            raise UserError(
                f"cyclical warm-up needs at least one cycle and a rise in (0, 1], got {self.cycles}, {self.rise}"
            )

    @property
    def settled(self) -> float:
        """When the last of the warm-ups is over.

        Example:
            >>> Cyclical(1.0, cycles=4, rise=0.5).settled
            0.875
        """
        return 1 - (1 - self.rise) / self.cycles

    def __call__(self, progress: Tensor) -> Tensor:
        """Return the weight at progress t; training ends on a full weight."""
        tau = (progress * self.cycles).remainder(1.0)
        weight = self.value * (tau / self.rise).clamp(max=1)
        return torch.where(progress >= 1, torch.full_like(weight, self.value), weight)
