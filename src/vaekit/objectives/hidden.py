"""Values hidden at random while training: complete examples teach how to do without some of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.corruptions import Corruption
from vaekit.errors import UserError
from vaekit.noise import Noise
from vaekit.objectives.algebra import Losses, Objective, Turn
from vaekit.told import told_as


@final
@dataclass(frozen=True)
class Hide(Corruption):
    """x̃_i is missing (NaN) with probability ν, whatever x is; else x_i.

    Args:
        share: ν in [0, 1).

    Example:
        >>> from vaekit.noise import cut
        >>> Hide(0.5)(torch.zeros(1000, 4), Noise(0, (), cut(1000, 2))).isnan().float().mean().round(decimals=1)
        tensor(0.5000)
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise UserError(f"the share of values that are hidden lies between 0 and 1, got {self.share}")

    def __call__(self, x: Float[Tensor, "B *E"], noise: Noise) -> Float[Tensor, "B *E"]:
        """Hide values."""
        hidden = noise.uniform("hidden", x.shape, 0, x) < self.share
        return told_as(x, torch.where(hidden, torch.nan, x))

    def with_amount(self, amount: float) -> "Hide":
        """Another share."""
        return Hide(amount)


@final
@dataclass(frozen=True)
class Hidden(Turn):
    """An objective of examples of which neither encoder nor likelihood sees a share of the values, fresh each step.

    Args:
        objective: of the trace.
        hide: which values; missing completely at random.
    """

    objective: Objective
    hide: Hide

    @property
    def players(self) -> tuple[str, ...]:
        """Those of the objective."""
        return self.objective.players

    @property
    def settled(self) -> float:
        """As the objective's."""
        return self.objective.settled

    @property
    def per_example(self) -> bool:
        """As the objective's."""
        return self.objective.per_example

    @property
    def own_gradient(self) -> bool:
        """As the objective's."""
        return self.objective.own_gradient

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """What the objective's players own."""
        return self.objective.owned(vae)

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """The objective of what is left of x."""
        return self.objective.losses(vae, self.hide(x, noise), noise, progress)
