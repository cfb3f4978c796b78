"""The distribution of a positive number whose logarithm is normal."""

import math
from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vaekit.distributions.uniforms import FromUniforms


@final
class LogNormal(FromUniforms):
    """p(x) = N(log x; m, s²) / x for x > 0.

    Args:
        location: m, mean of log x, (*batch).
        scale: s > 0, its standard deviation, of a shape that broadcasts.

    Example:
        >>> p = LogNormal(torch.zeros(1), torch.ones(()))
        >>> p.log_prob(torch.ones(1)), p.mean
        (tensor([-0.9189]), tensor([1.6487]))
    """

    has_rsample = True

    def __init__(self, location: Float[Tensor, "..."], scale: Float[Tensor, "..."]) -> None:
        self.location = location
        self.scale = scale
        super().__init__(location.shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Positive numbers."""
        return constraints.positive

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """e^{m + s²/2}."""
        return (self.location + self.scale.square() / 2).exp()

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """(e^{s²} − 1) e^{2m + s²}."""
        return torch.expm1(self.scale.square()) * self.mean.square()

    @property
    def uniforms(self) -> int:
        """Two numbers for each value."""
        return 2

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "LogNormal":
        """The same with a larger batch shape."""
        return LogNormal(self.location.expand(torch.Size(batch_shape)), self.scale)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats; −∞ for a number that is not positive."""
        log_x = value.clamp(min=torch.finfo(value.dtype).tiny).log()
        t = (log_x - self.location) / self.scale
        inside = -t.square() / 2 - self.scale.log() - math.log(2 * math.pi) / 2 - log_x
        return torch.where(value > 0, inside, -math.inf)

    def at_uniforms(self, u: Float[Tensor, "*S 2"]) -> Float[Tensor, "*S"]:
        """exp(m + s √(−2 log u₁) cos 2πu₂), by Box and Muller."""
        radius = (-2 * torch.log1p(-u[..., 0])).sqrt()
        return (self.location + self.scale * radius * (2 * math.pi * u[..., 1]).cos()).exp()
