"""Masses on the whole numbers 0, 1, 2 …: Poisson and negative binomial, by the logarithm of their mean."""

from collections.abc import Callable, Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vaekit.distributions.uniforms import FromUniforms

HALVINGS = 60
"""Steps of a search for a quantile: from 2⁴⁰ numbers to one, and from a range of logarithms to rounding."""


class _Counts(FromUniforms):
    """A mass on 0, 1, 2 … with a mean e^l."""

    has_rsample = False

    def __init__(self, log_mean: Tensor) -> None:
        self.log_mean = log_mean
        super().__init__(log_mean.shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Whole numbers of at least 0."""
        return constraints.nonnegative_integer

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """e^l."""
        return self.log_mean.exp()


@final
class Poisson(_Counts):
    """p(k) = λ^k e^{−λ} / k!, λ = e^l.

    Args:
        log_mean: l, (*batch).

    Example:
        >>> Poisson(torch.zeros(1)).log_prob(torch.tensor([0.0]))
        tensor([-1.])
    """

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """λ."""
        return self.mean

    @property
    def uniforms(self) -> int:
        """One number for each value."""
        return 1

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Poisson":
        """The same with a larger batch shape."""
        return Poisson(self.log_mean.expand(torch.Size(batch_shape)))

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        return on_counts(value, value * self.log_mean - self.mean - torch.lgamma(value.clamp(min=0) + 1))

    def at_uniforms(self, u: Float[Tensor, "*S 1"]) -> Float[Tensor, "*S"]:
        """The least k with P(X ≤ k) > u."""
        return poisson_quantile(u.squeeze(-1), self.mean)


@final
class NegativeBinomial(_Counts):
    """p(k) = Γ(k + r)/(Γ(r) k!) · (r/(r + λ))^r (λ/(r + λ))^k: Poisson counts whose rate is Gamma distributed.

    Its variance is λ + λ²/r; r → ∞ is the Poisson distribution.

    Args:
        log_mean: l = log λ, (*batch).
        concentration: r > 0, of a shape that broadcasts to that of the mean.

    Example:
        >>> geometric = NegativeBinomial(torch.zeros(1), torch.ones(1))
        >>> geometric.log_prob(torch.tensor([2.0])).exp()
        tensor([0.1250])
    """

    def __init__(self, log_mean: Float[Tensor, "..."], concentration: Float[Tensor, "..."]) -> None:
        super().__init__(log_mean)
        self.concentration = concentration

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """λ + λ²/r."""
        return self.mean + self.mean.square() / self.concentration

    @property
    def uniforms(self) -> int:
        """Two numbers for each value: for its rate, and for its count."""
        return 2

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "NegativeBinomial":
        """The same with a larger batch shape."""
        return NegativeBinomial(self.log_mean.expand(torch.Size(batch_shape)), self.concentration)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        r, k = self.concentration, value.clamp(min=0)
        log_sum = torch.logaddexp(r.log(), self.log_mean)
        choices = torch.lgamma(k + r) - torch.lgamma(r) - torch.lgamma(k + 1)
        return on_counts(value, choices + r * (r.log() - log_sum) + value * (self.log_mean - log_sum))

    def at_uniforms(self, u: Float[Tensor, "*S 2"]) -> Float[Tensor, "*S"]:
        """A rate (λ/r) G with G ~ Gamma(r, 1), and a Poisson count of that rate."""
        r = self.concentration.expand_as(u[..., 0])
        rate = gamma_quantile(u[..., 0], r) * self.mean / r
        return poisson_quantile(u[..., 1], rate)


def on_counts(value: Float[Tensor, "..."], log_mass: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The log-mass where a value is a whole number of at least 0, else −∞.

    Example:
        >>> on_counts(torch.tensor([0.5, 2.0]), torch.tensor([-1.0, -1.0]))
        tensor([-inf, -1.])
    """
    return torch.where((value >= 0) & (value == value.floor()), log_mass, -torch.inf)


@torch.no_grad()
def poisson_quantile(u: Float[Tensor, "..."], rate: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The least whole number k with P(X ≤ k) > u under Poisson(rate).

    Example:
        >>> poisson_quantile(torch.tensor([0.1, 0.5, 0.99]), torch.tensor(1.0))
        tensor([0., 1., 4.])
    """
    wide, level = _precise(rate).expand(u.shape), _precise(u)
    most = torch.ceil(wide + 12 * wide.sqrt() + 60)

    def holds(k: Tensor) -> Tensor:
        return torch.special.gammaincc(k.floor() + 1, wide) > level

    return _bisected(holds, torch.full_like(most, -1.0), most).floor().to(u.dtype)


@torch.no_grad()
def gamma_quantile(u: Float[Tensor, "..."], shape: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The g with P(G ≤ g) = u for G ~ Gamma(shape, 1); 0 where it is below e⁻¹⁰⁰.

    Example:
        >>> round(gamma_quantile(torch.tensor(0.5), torch.tensor(1.0)).item(), 4)  # log 2
        0.6931
    """
    wide, level = _precise(shape), _precise(u)
    most = (wide + 12 * wide.sqrt() + 60).log()

    def holds(log_g: Tensor) -> Tensor:
        return torch.special.gammainc(wide, log_g.exp()) > level

    return _bisected(holds, torch.full_like(most, -100.0), most).exp().to(u.dtype)


def _bisected(holds: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> Tensor:
    """The least point between low and high where a monotone condition holds, from above."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = holds(middle)
        low, high = torch.where(found, low, middle), torch.where(found, middle, high)
    return high


def _precise(x: Tensor) -> Tensor:
    # Apple's devices have no float64.
    return x if x.device.type == "mps" else x.double()
