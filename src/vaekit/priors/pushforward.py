"""Priors that turn standard normal numbers into codes: z = g(u), u ~ N(0, I)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from math import log, pi
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.nn import Module

from vaekit.distributions import temper_rule
from vaekit.noise import Noise, Shard, from_noise
from vaekit.priors.kept import KeptPrior

_MOMENTS = 1000


@final
class Scaling(Module):
    """z = m + s ⊙ y, so that what learns sees numbers of mean 0 and variance 1; the identity until it is set.

    Args:
        dimensions: d.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimensions))
        self.register_buffer("std", torch.ones(dimensions))

    @torch.no_grad()
    def start(self, z: Float[Tensor, "N d"]) -> None:
        """Take mean and standard deviation of some codes."""
        self.mean.copy_(z.mean(0))
        self.std.copy_(z.std(0).clamp(min=1e-4))

    def inwards(self, z: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """y of z."""
        return (z - self.mean) / self.std

    def outwards(self, y: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """z of y."""
        return self.mean + self.std * y

    @property
    def log_volume(self) -> Float[Tensor, ""]:
        """log |det dz/dy|."""
        return self.std.log().sum()


class PushforwardPrior(KeptPrior, ABC):
    """The law of z = g(u), u ~ N(0, I).

    Args:
        latents: d, dimensions of z.
        sources: how many standard normal numbers one z takes.
    """

    def __init__(self, latents: int, sources: int) -> None:
        super().__init__()
        self.latents = latents
        self.sources = sources
        self.scaling = Scaling(latents)

    @abstractmethod
    def push(self, u: Float[Tensor, "*B m"]) -> Float[Tensor, "*B d"]:
        """g(u)."""

    @abstractmethod
    def log_density(self, z: Float[Tensor, "*B d"], temperature: float = 1.0) -> Float[Tensor, "*B"]:
        """log p(z), nats, with u ~ N(0, T² I).

        Raises:
            CapabilityError: if it is not known.
        """

    def start(self, z: Float[Tensor, "N d"]) -> None:
        """Scale by some codes, before training on them."""
        self.scaling.start(z)

    def forward(self, context: Tensor | None = None) -> "Pushforward":
        """Return p(z), batch shape ()."""
        return Pushforward(self)


@final
class Pushforward(Distribution):
    """z = g(T u), u ~ N(0, I), with batch shape (); mean and variance are those of 1,000 fixed draws.

    Args:
        prior: g and its density.
        temperature: T.
    """

    has_rsample = True

    def __init__(self, prior: PushforwardPrior, temperature: float = 1.0) -> None:
        self.prior, self.temperature = prior, temperature
        super().__init__(torch.Size(), torch.Size((prior.latents,)), validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Vectors of real numbers."""
        return constraints.real_vector

    @cached_property
    def _draws(self) -> Float[Tensor, "n d"]:
        noise = Noise(0, ("moments",), (Shard(0, _MOMENTS),))
        with torch.no_grad():
            return from_noise(self, (_MOMENTS, self.prior.latents), 0, noise, "moments")

    @property
    def mean(self) -> Float[Tensor, " d"]:
        """Of fixed draws."""
        return self._draws.mean(0)

    @property
    def variance(self) -> Float[Tensor, " d"]:
        """Of fixed draws."""
        return self._draws.var(0)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "*S d"]:
        """Draws by torch's global generator."""
        like = self.prior.scaling.mean
        u = torch.randn(*sample_shape, self.prior.sources, dtype=like.dtype, device=like.device)
        return self.prior.push(self.temperature * u)

    def log_prob(self, value: Float[Tensor, "*B d"]) -> Float[Tensor, "*B"]:
        """Log-density, nats.

        Raises:
            CapabilityError: if it is not known.
        """
        return self.prior.log_density(value, self.temperature)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Pushforward":
        """The same: every value has its own draw in any case."""
        return self


@from_noise.register
def _(d: Pushforward, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    u = noise.normal(name, (*shape[:-1], d.prior.sources), batch_axis, d.prior.scaling.mean)
    return d.prior.push(d.temperature * u)


@temper_rule.register
def _(distribution: Pushforward, temperature: float) -> Distribution:
    return Pushforward(distribution.prior, distribution.temperature * temperature)


def normal_log_density(u: Float[Tensor, "*B m"], std: float = 1.0) -> Float[Tensor, "*B"]:
    """log N(u; 0, T² I), nats.

    Example:
        >>> round(normal_log_density(torch.zeros(2), 2.0).item(), 4)
        -3.2242
    """
    return -(u / std).square().sum(-1) / 2 - u.shape[-1] * (log(2 * pi) / 2 + log(std))
