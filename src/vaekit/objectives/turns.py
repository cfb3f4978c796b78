"""Turns made of other turns: played for a part of training only, or with an encoder that sees a corrupted x."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.corruptions import Corruption
from vaekit.errors import UserError
from vaekit.noise import Noise
from vaekit.objectives.algebra import Losses, Objective, Turn
from vaekit.told import plain, told_as


@final
@dataclass(frozen=True)
class During(Turn):
    """A turn that is played in a part of training only.

    Args:
        turn: what is played.
        start: the fraction of training at which it is first played.
        stop: the fraction before which it is last played; 1 includes the end.

    Example:
        >>> from vaekit.objectives import NLL
        >>> from vaekit.objectives.algebra import as_objective
        >>> early = During(as_objective(NLL()), 0.0, 0.25)
        >>> played(early, 0.1), played(early, 0.25)
        (True, False)
    """

    turn: Turn
    start: float
    stop: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= 1:
            raise UserError(f"a part of training lies within 0 and 1, got {self.start} to {self.stop}")

    @property
    def players(self) -> tuple[str, ...]:
        """Those of the turn."""
        return self.turn.players

    @property
    def settled(self) -> float:
        """From its start, unless the turn's own weights still change."""
        return max(self.start, self.turn.settled)

    @property
    def per_example(self) -> bool:
        """As the turn's."""
        return self.turn.per_example

    @property
    def own_gradient(self) -> bool:
        """As the turn's."""
        return self.turn.own_gradient

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """What the turn's players own."""
        return self.turn.owned(vae)

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """The turn's."""
        return self.turn.losses(vae, x, noise, progress)


def played(turn: Turn, done: float) -> bool:
    """Whether a turn is played when this fraction of training is done."""
    return not isinstance(turn, During) or turn.start <= done < turn.stop or (done >= 1 == turn.stop)


@final
@dataclass(frozen=True)
class Corrupted(Turn):
    """An objective whose encoder sees x̃ ~ C(x̃ | x), and whose decoder is asked for x.

    Args:
        objective: of the trace.
        corruption: C.

    Source: Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders,
    equation 6; with a KL, Im et al. 2017, https://arxiv.org/abs/1511.06406, equation 9.
    """

    objective: Objective
    corruption: Corruption

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
        """Trace x by what the encoder says of x̃."""
        seen = vae.features(told_as(x, self.corruption(plain(x), noise)))
        trace = vae.trace(x, self.objective.sample_shape, noise=noise, features=seen)
        return self.objective.of_trace(trace, progress)


def corruption_of(turns: tuple[Turn, ...]) -> Corruption | None:
    """The corruption that a recipe's turns train against; None where there is none."""
    for turn in turns:
        inner = turn.turn if isinstance(turn, During) else turn
        if isinstance(inner, Corrupted):
            return inner.corruption
    return None
