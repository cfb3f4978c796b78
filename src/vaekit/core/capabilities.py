"""Capabilities are types: what a part can do beyond the rest, or lacks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core.trace import Trace
from vaekit.noise import Noise


class Deterministic(ABC):  # noqa: B024 (a marker)
    """Capability: a posterior whose every draw is the same, so that one says all."""


class Implicit(ABC):  # noqa: B024 (a marker)
    """Capability: a posterior whose draws have the right slope on average, not that of the numbers that made them."""


class Point(Deterministic, ABC):
    """Capability: a posterior that is a point in a continuous space, without a density."""


class Discrete(ABC):  # noqa: B024 (a marker)
    """Capability: a posterior over discrete values: between two of them there is nothing."""


class Energy(ABC):  # noqa: B024 (a marker)
    """Capability: a likelihood that scores x without being normalised, so that it bounds no log p(x)."""


class Sequential(ABC):  # noqa: B024 (a marker)
    """Capability: a likelihood that draws x value by value; its centre is one such draw, dear and no mean."""


class Adaptive(ABC):
    """Capability: a part of a model that is set between steps, never inside one, from what batches show."""

    @abstractmethod
    def statistic(self, trace: Trace) -> Float[Tensor, "B *K"]:
        """The statistic of each example, (B,) or (B, K); its mean over examples and ranks is observed."""

    @abstractmethod
    def observe(self, statistic: Tensor) -> None:
        """Move towards the mean statistic of a training batch (gathered over ranks), without a host sync."""

    @abstractmethod
    def solved(self) -> Mapping[str, float]:
        """What is set now, by name, for logs."""


class Solvable(Adaptive, ABC):
    """Capability: a likelihood with a part whose best value for a whole split has a closed form."""

    @abstractmethod
    def errors(self, distribution: Distribution, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B *K"]:
        """What each example contributes to the closed form, (B,) or (B, K)."""

    @abstractmethod
    def solve(self, statistic: Tensor) -> None:
        """Set the closed form from the mean statistic of a whole split."""

    def statistic(self, trace: Trace) -> Float[Tensor, "B *K"]:
        """The errors of a trace."""
        return self.errors(trace.likelihood, trace.x)


class Tempered(ABC):
    """Capability: a likelihood that training sees otherwise than everything that measures."""

    @abstractmethod
    def scored(self, distribution: Distribution) -> Distribution:
        """The distribution that evaluation would have returned in place of this one of training."""


class Learner(ABC):
    """Capability: a prior that learns from codes by a loss of its own, in place of −log p(z)."""

    @abstractmethod
    def loss(self, z: Float[Tensor, "B d"], noise: Noise) -> Float[Tensor, " B"]:
        """What it minimises, of each code."""


class Bounded(ABC):
    """Capability: a prior that can be drawn from, but whose density is only bounded from below."""

    @property
    @abstractmethod
    def lacks_density(self) -> str:
        """Why its density is not known, as a sentence."""

    @abstractmethod
    def bound(self, z: Float[Tensor, "B d"], noise: Noise, draws: int) -> Float[Tensor, " B"]:
        """A number whose mean over draws is at most log p(z), nats."""
