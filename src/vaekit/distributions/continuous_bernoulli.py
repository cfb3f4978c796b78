"""The continuous Bernoulli distribution on [0, 1], accurate near λ = ½ too, where torch's own is not."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.distributions import Distribution, constraints

from vaekit.distributions.levels import cell_edges, is_highest, is_lowest
from vaekit.distributions.numerics import log1mexp

# B_{2n}/(2n)! for n = 1, 2, ...: the series of ½ coth(t/2) − 1/t in odd powers of t; at |t| < ½ the first
# term left out is below 2e-15.
_COTH_SERIES = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)
_SERIES_RADIUS = 0.5


def log_phi(t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Compute log φ(t), φ(t) = (e^t − 1)/t = ∫₀¹ e^{tx} dx, for every real t.

    Near 0 by the series t/2 + Σ_n B_{2n} t^{2n}/(2n (2n)!) = t/2 + t²/24 − t⁴/2880 + …, elsewhere as
    max(t, 0) + log(1 − e^{−|t|}) − log|t|.

    Example:
        >>> log_phi(torch.tensor([-200.0, 0.0, 1e-4, 200.0]))
        tensor([-5.2983e+00,  0.0000e+00,  5.0000e-05,  1.9470e+02])
    """
    near, inside, outside = _split(t)
    square = inside * inside
    even = torch.zeros_like(square)
    for n, coefficient in reversed(tuple(enumerate(_COTH_SERIES, start=1))):
        even = (even + coefficient / (2 * n)) * square
    size = outside.abs()
    closed = outside.clamp(min=0) + log1mexp(size) - size.log()
    return torch.where(near, inside / 2 + even, closed)


def _phi_slope(t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Compute d log φ/dt = ½ + ½ coth(t/2) − 1/t."""
    near, inside, outside = _split(t)
    square = inside * inside
    odd = torch.zeros_like(square)
    for coefficient in reversed(_COTH_SERIES):
        odd = odd * square + coefficient
    closed = 0.5 / (outside / 2).tanh() - 1 / outside
    return 0.5 + torch.where(near, odd * inside, closed)


def _split(
    t: Float[Tensor, "*shape"],
) -> tuple[Bool[Tensor, "*shape"], Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Give the mask of the series, and t masked for each side: torch.where would pass on a NaN gradient."""
    near = t.abs() < _SERIES_RADIUS
    return near, torch.where(near, t, 0), torch.where(near, 1, t)


@final
class ContinuousBernoulli(Distribution):
    """A density on [0, 1] for grey values: p(x) = e^{ηx}/φ(η), φ(η) = (e^η − 1)/η, η = logit λ.

    Exchanging x with 1 − x exchanges η with −η; everything is computed on the side where η ≤ 0, where no
    exponential overflows and no large numbers cancel.

    Args:
        logits: η = log(λ/(1−λ)), any finite real number, shape (*batch).
        validate_args: check arguments as torch does, at the price of a host synchronisation.

    Source: Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845).

    Example:
        >>> ContinuousBernoulli(torch.tensor([0.1, 0.5]).logit()).mean
        tensor([0.3301, 0.5000])
    """

    has_rsample = True

    def __init__(self, logits: Float[Tensor, "..."], validate_args: bool = False) -> None:
        self.logits = logits
        super().__init__(logits.shape, validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """The parameter's domain: real."""
        return {"logits": constraints.real}

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval."""
        return constraints.unit_interval

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """E[x] = ½ + ½ coth(η/2) − 1/η, which is not λ."""
        return _phi_slope(self.logits)

    def expand(self, batch_shape: Sequence[int], _instance: None = None) -> Distribution:
        """Broadcast the batch to a larger shape without copying."""
        return ContinuousBernoulli(self.logits.expand(torch.Size(batch_shape)), self._validate_args)

    def entropy(self) -> Float[Tensor, "..."]:
        """H = log φ(η) − η E[x], in nats; at most 0, the entropy of the uniform density."""
        return log_phi(self.logits) - self.logits * self.mean

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Give the log density ηx − log φ(η) in nats, unsummed."""
        if self._validate_args:
            self._validate_sample(value)
        eta, mirrored = self._negative_side()
        return eta * torch.where(mirrored, 1 - value, value) - log_phi(eta)

    def cdf(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """P(X ≤ x) = (e^{ηx} − 1)/(e^η − 1) = x φ(ηx)/φ(η)."""
        if self._validate_args:
            self._validate_sample(value)
        eta, mirrored = self._negative_side()
        y = torch.where(mirrored, 1 - value, value)
        below = y * (log_phi(eta * y) - log_phi(eta)).exp()
        return torch.where(mirrored, 1 - below, below)

    def icdf(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Give x = log(1 + u(e^η − 1))/η for the probability u.

        Near η = 0 by the series Σ_n κ_n η^{n−1}/n! of the cumulants κ_n of a Bernoulli(u), of which
        log(1 + u(e^η − 1)) is the generating function.
        """
        eta, mirrored = self._negative_side()
        u, rest = torch.where(mirrored, 1 - value, value), torch.where(mirrored, value, 1 - value)
        # Truncation and rounding of the gradient are both small here, in either precision.
        near = eta.abs() < torch.finfo(eta.dtype).eps ** 0.2
        series = _cumulant_series(torch.where(near, eta, 0), u, rest)
        safe = torch.where(near, -1, eta)
        x = torch.where(near, series, _log_mix(safe, u, rest) / safe).clamp(0, 1)
        return torch.where(mirrored, 1 - x, x)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw by the inverse cdf, differentiable in η; shape (*sample_shape, *batch_shape)."""
        shape = self._extended_shape(torch.Size(sample_shape))
        return self.icdf(torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device))

    def log_cell_mass(self, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
        """Give the log mass ηa + log φ(ηw) + log w − log φ(η) of the cell [a, a+w] of x.

        The outermost cells are cut at 0 and 1, half as wide as the others.

        Args:
            x: values on the grid k/(L−1), broadcast against the batch; no gradient flows to them.
            levels: L ≥ 2.

        Returns:
            Nats, unsummed.

        Raises:
            UserError: fewer than two levels.

        Example:
            >>> x = torch.tensor([0.0, 0.5, 1.0])
            >>> ContinuousBernoulli(torch.tensor(0.0)).log_cell_mass(x, levels=3).exp()
            tensor([0.2500, 0.5000, 0.2500])
        """
        eta, mirrored = self._negative_side()
        y = torch.where(mirrored, 1 - x, x)
        outermost = is_lowest(y, levels) | is_highest(y, levels)
        width = torch.where(outermost, 0.5, 1.0).to(y.dtype) / (levels - 1)
        start = cell_edges(y, levels)[0].clamp(min=0)
        return eta * start + log_phi(eta * width) + width.log() - log_phi(eta)

    def _negative_side(self) -> tuple[Float[Tensor, "..."], Bool[Tensor, "..."]]:
        """Give −|η| and where x must be mirrored; not by `abs`, whose gradient at 0 is 0."""
        mirrored = self.logits > 0
        return torch.where(mirrored, -self.logits, self.logits), mirrored


def _cumulant_series(
    eta: Float[Tensor, "..."], u: Float[Tensor, "..."], rest: Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """Compute κ₁ + κ₂ η/2 + κ₃ η²/6 + κ₄ η³/24 of a Bernoulli(u), rest = 1 − u."""
    variance = u * rest
    return u + variance * eta * (0.5 + eta * ((rest - u) / 6 + eta * (1 - 6 * variance) / 24))


def _log_mix(
    eta: Float[Tensor, "..."], u: Float[Tensor, "..."], rest: Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """Compute log(rest + u e^η) for η < 0, rest = 1 − u, to full precision at both ends of u."""
    drop = u * torch.expm1(eta)
    close = drop > -0.5
    return torch.where(
        close,
        torch.log1p(torch.where(close, drop, 0)),
        torch.logaddexp(rest.log(), u.log() + eta),
    )
