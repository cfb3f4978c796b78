"""Densities with heavier tails than a Gaussian's: Laplace, Student-t, and what the log-cosh loss stands for."""

import math
from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vaekit.distributions.levels import cell_edges, is_highest, is_lowest
from vaekit.distributions.numerics import log1mexp
from vaekit.distributions.uniforms import FromUniforms

LOG_2 = math.log(2)


class _LocationScale(FromUniforms):
    """A symmetric density around a mean, with a scale that broadcasts."""

    has_rsample = True

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        self.loc = mean
        self.scale = scale
        super().__init__(mean.shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Real numbers."""
        return constraints.real

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """The centre of symmetry."""
        return self.loc

    def _wide(self, batch_shape: Sequence[int]) -> Tensor:
        return self.loc.expand(torch.Size(batch_shape))


@final
class Laplace(_LocationScale):
    """p(x) = e^{−|x − μ|/b} / 2b.

    Args:
        mean: μ, (*batch).
        scale: b > 0, of a shape that broadcasts to that of the mean.

    Example:
        >>> Laplace(torch.zeros(2), torch.tensor(0.5)).log_prob(torch.zeros(2)).exp()
        tensor([1., 1.])
    """

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """2b²."""
        return (2 * self.scale.square()).expand_as(self.loc)

    @property
    def uniforms(self) -> int:
        """One number for each value."""
        return 1

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Laplace":
        """The same with a larger batch shape."""
        return Laplace(self._wide(batch_shape), self.scale)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        return -(value - self.loc).abs() / self.scale - self.scale.log() - LOG_2

    def at_uniforms(self, u: Float[Tensor, "*S 1"]) -> Float[Tensor, "*S"]:
        """μ − b sign(t) log(1 − |t|) with t = 2u − 1."""
        t = 2 * u.squeeze(-1) - 1
        smallest = torch.finfo(t.dtype).eps / 4
        return self.loc - self.scale * t.sign() * (1 - t.abs()).clamp(min=smallest).log()

    def log_cell_mass(self, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
        """The log mass of the cell of x, nats.

        In units of b and mirrored so that it lies to the right of μ, a cell [l, r] holds ½(e^{−l} − e^{−r}), or
        1 − ½e^{l} − ½e^{−r} where μ is inside; the outermost cells reach to ±∞.

        Args:
            x: values on the grid k/(L−1), which broadcast.
            levels: L ≥ 2.

        Raises:
            UserError: fewer than two levels.
        """
        lower, upper = cell_edges(x, levels)
        left, right = (lower - self.loc) / self.scale, (upper - self.loc) / self.scale
        lowest, highest = is_lowest(x, levels), is_highest(x, levels)
        mirrored = left + right < 0
        near, far = torch.where(mirrored, -right, left), torch.where(mirrored, -left, right)
        inner = _log_mass_right(near, far, near > 0)
        # The tail beyond an edge that is t to the right of μ: ½e^{−t}, or 1 − ½e^{t} where it is to the left.
        edge = torch.where(lowest, -right, left)
        before = edge.clamp(max=0)
        tail = torch.where(edge > 0, -edge - LOG_2, torch.log1p(-before.exp() / 2))
        return torch.where(lowest | highest, tail, inner)


def _log_mass_right(near: Tensor, far: Tensor, beyond: Tensor) -> Tensor:
    """log of the standard Laplace mass of [near, far], far ≥ |near|; `beyond`: where 0 < near."""
    width = torch.where(beyond, far - near, torch.ones_like(far))
    outside = -near - LOG_2 + log1mexp(width)
    # Where the other form holds, a harmless number stands in, so that no gradient is NaN.
    below, above = (
        torch.where(beyond, -torch.ones_like(near), near),
        torch.where(beyond, torch.ones_like(far), far),
    )
    inside = (-(torch.expm1(below) + torch.expm1(-above)) / 2).log()
    return torch.where(beyond, outside, inside)


@final
class StudentT(_LocationScale):
    """p(x) = Γ((ν+1)/2) / (Γ(ν/2) √(νπ) s) · (1 + t²/ν)^{−(ν+1)/2}, t = (x − μ)/s.

    Args:
        mean: μ, (*batch).
        scale: s > 0, of a shape that broadcasts to that of the mean.
        freedom: ν > 1, degrees of freedom, likewise; infinity would be the Gaussian.

    Example:
        >>> t = StudentT(torch.zeros(1), torch.tensor(1.0), torch.tensor(3.0))
        >>> round(t.log_prob(torch.zeros(1)).exp().item(), 4)
        0.3676
    """

    def __init__(
        self, mean: Float[Tensor, "..."], scale: Float[Tensor, "..."], freedom: Float[Tensor, "..."]
    ) -> None:
        super().__init__(mean, scale)
        self.freedom = freedom

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """s²ν/(ν − 2), infinite for ν ≤ 2."""
        above = (self.freedom - 2).clamp(min=0)
        return (self.scale.square() * self.freedom / above).expand_as(self.loc)

    @property
    def uniforms(self) -> int:
        """Two numbers for each value."""
        return 2

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "StudentT":
        """The same with a larger batch shape."""
        return StudentT(self._wide(batch_shape), self.scale, self.freedom)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        v = self.freedom
        t = (value - self.loc) / self.scale
        highest = _log_one_over_beta(v) - v.log() / 2 - self.scale.log()
        return highest - (v + 1) / 2 * torch.log1p(t.square() / v)

    def at_uniforms(self, u: Float[Tensor, "*S 2"]) -> Float[Tensor, "*S"]:
        """μ + s √(ν(u₁^{−2/ν} − 1)) cos 2πu₂.

        Source: Bailey 1994, Polar generation of random variates with the t-distribution,
        https://doi.org/10.1090/S0025-5718-1994-1219702-8.
        """
        log_radius, cosine = _polar(u, self.freedom)
        return self.loc + self.scale * self.freedom.sqrt() * log_radius.exp() * cosine


@final
class HyperbolicSecant(_LocationScale):
    """p(x) ∝ cosh(at)^{−1/a}, t = (x − μ)/b: the density of which −log p is the log-cosh loss (1/a) log cosh(at).

    For |t| ≫ 1/a it falls like a Laplace density e^{−|t|}, for |t| ≪ 1/a like a Gaussian e^{−at²/2}. With
    ∫ sech(v)^ν dv = √π Γ(ν/2)/Γ((ν+1)/2) it is normalised by a Γ((ν+1)/2) / (b √π Γ(ν/2)), ν = 1/a.

    Args:
        mean: μ, (*batch).
        scale: b > 0, of a shape that broadcasts to that of the mean.
        sharpness: a > 0; larger is nearer to Laplace.

    Source: Chen et al. 2019, Log hyperbolic cosine loss improves variational auto-encoder,
    https://openreview.net/forum?id=rkglvsC9Ym, for the loss.

    Example:
        >>> p = HyperbolicSecant(torch.zeros(1), torch.tensor(1.0), 1.0)  # the hyperbolic secant itself
        >>> round(p.log_prob(torch.zeros(1)).exp().item(), 4)  # 1/π
        0.3183
    """

    def __init__(self, mean: Float[Tensor, "..."], scale: Float[Tensor, "..."], sharpness: float) -> None:
        super().__init__(mean, scale)
        self.sharpness = sharpness

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """b² ψ′(ν/2) / 2a²."""
        slope = torch.polygamma(1, self._power / 2) / 2
        return (slope * (self.scale / self.sharpness).square()).expand_as(self.loc)

    @property
    def uniforms(self) -> int:
        """Two numbers for each value."""
        return 2

    @property
    def _power(self) -> Tensor:
        return self.loc.new_tensor(1 / self.sharpness)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "HyperbolicSecant":
        """The same with a larger batch shape."""
        return HyperbolicSecant(self._wide(batch_shape), self.scale, self.sharpness)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        a = self.sharpness
        v = a * (value - self.loc).abs() / self.scale
        log_cosh = v + torch.log1p((-2 * v).exp()) - LOG_2
        return math.log(a) - self.scale.log() + _log_one_over_beta(self._power) - log_cosh / a

    def at_uniforms(self, u: Float[Tensor, "*S 2"]) -> Float[Tensor, "*S"]:
        """μ + (b/a) arsinh(T/√ν) with T a draw from Student's t of ν = 1/a degrees of freedom.

        For v = arsinh(T/√ν) the density (1 + T²/ν)^{−(ν+1)/2} dT is sech(v)^ν dv up to a factor.
        """
        log_radius, cosine = _polar(u, self._power)
        # arsinh(e^l c) = sign(c)(l + log|c| + log 2) where e^l has left the range of numbers.
        far = log_radius > 30
        near = torch.asinh(torch.where(far, torch.zeros_like(log_radius), log_radius).exp() * cosine)
        smallest = torch.finfo(cosine.dtype).tiny
        beyond = cosine.sign() * (log_radius + cosine.abs().clamp(min=smallest).log() + LOG_2)
        return self.loc + self.scale / self.sharpness * torch.where(far, beyond, near)


def _log_one_over_beta(v: Tensor) -> Tensor:
    """log Γ((ν+1)/2) − log Γ(ν/2) − ½ log π."""
    return torch.lgamma((v + 1) / 2) - torch.lgamma(v / 2) - math.log(math.pi) / 2


def _polar(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """½ log(u₁^{−2/ν} − 1) and cos 2πu₂, u₁ in (0, 1]."""
    w = -2 / v * torch.log1p(-u[..., 0]).clamp(max=-torch.finfo(u.dtype).tiny)
    return (w + log1mexp(w)) / 2, (2 * math.pi * u[..., 1]).cos()
