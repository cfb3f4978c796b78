"""Terms, their weighted sums, and the turns that players take."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE, Trace
from vaekit.noise import Noise
from vaekit.objectives.schedules import Constant, Schedule

MODEL = "model"
"""The player of an ordinary objective: all parameters."""


class Term(ABC):
    """A part of an objective: maps a trace to nats per example.

    `0.5 * term`, `schedule * term` and `term + term` make an `Objective`.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What the log calls it."""

    @property
    @abstractmethod
    def per_example(self) -> bool:
        """Whether an example's value is independent of the others in the batch."""

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """The draws per example that it needs."""

    @property
    def settled(self) -> float:
        """The fraction of training after which the term itself no longer changes."""
        return 0.0

    @property
    def own_gradient(self) -> bool:
        """Whether its gradient is that of its value for the draws at hand, not another one of the same mean."""
        return True

    def at(self, progress: Tensor) -> "Term":
        """The term as it is at this progress t in [0, 1]: itself, unless its own settings change."""
        return self

    @abstractmethod
    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the value of each example, in nats, with its true sign."""

    def __add__(self, other: "Term | Objective") -> "Objective":
        """Sum two terms."""
        return as_objective(self) + other

    def __rmul__(self, weight: float | Schedule) -> "Objective":
        """Weight a term."""
        schedule = weight if isinstance(weight, Schedule) else Constant(float(weight))
        return Objective((Weighted(self, schedule),))


@final
@dataclass(frozen=True)
class Weighted:
    """A term and its weight."""

    term: Term
    weight: Schedule


@final
@dataclass(frozen=True)
class Losses:
    """What one turn produces.

    Args:
        by_player: the loss each player minimises, 0-dimensional.
        scalars: what the log shows, 0-dimensional, detached, true signs, nats per example.
        trace: the trace it came from; None where only a part of the model was run.
    """

    by_player: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    trace: Trace | None


class Turn(ABC):
    """One move of a game: one trace, a loss for each of its players, all gradients before any step."""

    @property
    @abstractmethod
    def players(self) -> tuple[str, ...]:
        """Who moves."""

    @property
    @abstractmethod
    def settled(self) -> float:
        """The fraction of training after which what is minimised no longer changes."""

    @property
    @abstractmethod
    def per_example(self) -> bool:
        """Whether a loss is a mean over examples that do not see each other."""

    @property
    def own_gradient(self) -> bool:
        """Whether the gradients of its losses are those of their values for the draws at hand."""
        return True

    @abstractmethod
    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """The parameters that each player moves."""

    @abstractmethod
    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Trace x and return each player's loss."""


@final
@dataclass(frozen=True)
class Objective(Turn):
    """A weighted sum of terms, minimised by all parameters: a game of one turn and one player.

    Example:
        >>> from vaekit.objectives import KL, NLL, Linear
        >>> objective = NLL() + Linear(4.0, over=0.2) * KL()
        >>> [weighted.term.name for weighted in objective.terms]
        ['nll', 'kl']
    """

    terms: tuple[Weighted, ...]

    def __add__(self, other: "Term | Objective") -> "Objective":
        """Sum two objectives."""
        return Objective((*self.terms, *as_objective(other).terms))

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The largest that a term asks for; the others average over it."""
        return max((w.term.sample_shape for w in self.terms), key=prod)

    @property
    def per_example(self) -> bool:
        """Whether every term is."""
        return all(w.term.per_example for w in self.terms)

    @property
    def own_gradient(self) -> bool:
        """Whether every term's is."""
        return all(w.term.own_gradient for w in self.terms)

    @property
    def players(self) -> tuple[str, ...]:
        """The model alone."""
        return (MODEL,)

    @property
    def settled(self) -> float:
        """When every weight and every term is final."""
        return max(max(w.weight.settled, w.term.settled) for w in self.terms)

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """All parameters, the model's."""
        return {MODEL: list(vae.parameters())}

    def value(self, trace: Trace, progress: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return Σ weight · term for each example (B,), and the batch means to log."""
        total = torch.zeros((), dtype=trace.x.dtype, device=trace.x.device)
        scalars: dict[str, Tensor] = {}
        for weighted in self.terms:
            values = weighted.term.at(progress)(trace)
            weight = weighted.weight(progress)
            total = total + weight * values
            scalars[weighted.term.name] = values.detach().mean()
            if not isinstance(weighted.weight, Constant):
                scalars[f"weight_{weighted.term.name}"] = weight
        return total, scalars

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Trace x and return the batch mean of the sum."""
        return self.of_trace(vae.trace(x, self.sample_shape, noise=noise), progress)

    def of_trace(self, trace: Trace, progress: Tensor) -> Losses:
        """The batch mean of the sum for a trace."""
        total, scalars = self.value(trace, progress)
        loss = total.mean()
        return Losses({MODEL: loss}, {"loss": loss.detach(), **scalars}, trace)


def as_objective(part: Term | Objective) -> Objective:
    """A term alone, as an objective of weight 1."""
    return part if isinstance(part, Objective) else Objective((Weighted(part, Constant(1.0)),))
