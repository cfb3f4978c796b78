"""A simple distribution pushed through invertible steps: z_K = f_K ∘ … ∘ f_1(z_0)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, constraints

_FEWEST_PAIRS = 32


class FlowStep(ABC):
    """An invertible map of vectors whose volume is known, one for each element of a batch.

    Values have shape (*S, *batch, d); the batch is broadcast against those of the step's parameters.
    """

    @abstractmethod
    def forward(self, z: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """f(z), and log |det df/dz| there."""

    @abstractmethod
    def inverse(self, y: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """z with f(z) = y, and log |det df/dz| there."""


@final
class Flow(Distribution):
    """The law of z_K = f_K ∘ … ∘ f_1(z_0): log q(z_K) = log q_0(z_0) − Σ_k log |det df_k/dz_{k−1}|.

    The density of the latest draw is that of the pass that made it; any other value is taken back through the
    inverses. Mean and variance have no closed form: they are those of fixed points z_0, as many for every example,
    whose first two moments are q_0's, so that they are exact where the steps are affine.

    Args:
        base: q_0, an Independent Normal or a MultivariateNormal, event shape (d,).
        steps: f_1 … f_K.

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, equation 13.

    Example:
        >>> from torch.distributions import Normal
        >>> base = Independent(Normal(torch.zeros(4, 2), 1.0, validate_args=False), 1, validate_args=False)
        >>> q = Flow(base, [Radial(torch.zeros(4, 2), torch.ones(4), torch.ones(4))])
        >>> z = q.rsample((3,))
        >>> z.shape, torch.allclose(q.log_prob(z), q.log_prob(z.clone()), atol=1e-4)
        (torch.Size([3, 4, 2]), True)
    """

    has_rsample = True

    def __init__(self, base: Independent | MultivariateNormal, steps: Sequence[FlowStep]) -> None:
        self.base, self.steps = base, tuple(steps)
        self._latest: tuple[Tensor, Tensor, bool] | None = None
        super().__init__(base.batch_shape, base.event_shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None: the parameters are those of base and steps."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Vectors of real numbers."""
        return constraints.real_vector

    def pushed(self, z: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """The draw that a draw from the base becomes."""
        log_q = self.base.log_prob(z)
        for step in self.steps:
            z, log_det = step.forward(z)
            log_q = log_q - log_det
        self._latest = (z, log_q, torch.is_grad_enabled())
        return z

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... d"]:
        """Draws by torch's global generator."""
        return self.pushed(self.base.rsample(torch.Size(sample_shape)))

    def log_prob(self, value: Float[Tensor, "... d"]) -> Float[Tensor, "..."]:
        """Log-density, nats."""
        if self._latest is not None:
            drawn, log_q, has_gradient = self._latest
            if drawn is value and has_gradient >= torch.is_grad_enabled():
                return log_q
        log_q = value.new_zeros(())
        for step in reversed(self.steps):
            value, log_det = step.inverse(value)
            log_q = log_q - log_det
        return self.base.log_prob(value) + log_q

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Flow":
        """The same distribution for more batch dimensions."""
        return Flow(self.base.expand(torch.Size(batch_shape)), self.steps)

    @property
    def mean(self) -> Float[Tensor, "*B d"]:
        """The mean of the fixed points."""
        return self._moments[0]

    @property
    def variance(self) -> Float[Tensor, "*B d"]:
        """The variance of the fixed points."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        centre = self.base.mean
        points = fixed_points(centre.shape[-1]).to(centre)
        points = points.reshape(-1, *[1] * (centre.ndim - 1), centre.shape[-1])
        if isinstance(self.base, MultivariateNormal):
            z = centre + (self.base.scale_tril @ points.unsqueeze(-1)).squeeze(-1)
        else:
            z = centre + self.base.stddev * points
        for step in self.steps:
            z, _ = step.forward(z)
        return z.mean(0), z.var(0, correction=0)


def fixed_points(dimensions: int) -> Float[Tensor, "n d"]:
    """Pairs ±ε whose mean is 0 and whose covariance is I, always the same; on a sphere from 32 dimensions on.

    Example:
        >>> points = fixed_points(3)
        >>> torch.allclose(points.T @ points / len(points), torch.eye(3, dtype=torch.float64))
        True
    """
    generator = torch.Generator().manual_seed(0)
    pairs = max(_FEWEST_PAIRS, dimensions)
    drawn = torch.randn(pairs, dimensions, generator=generator, dtype=torch.float64)
    whitened = torch.linalg.qr(drawn).Q * pairs**0.5
    return torch.cat([whitened, -whitened])


@final
class Planar(FlowStep):
    """f(z) = z + û tanh(wᵀz + b), û = u + (m(wᵀu) − wᵀu) w/‖w‖², m(x) = −1 + log(1 + eˣ), which keeps f invertible.

    Args:
        u: (*batch, d).
        w: (*batch, d), not 0.
        b: (*batch).

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, equations 10–12 and appendix A.1.
    """

    def __init__(
        self, u: Float[Tensor, "*batch d"], w: Float[Tensor, "*batch d"], b: Float[Tensor, "*batch"]
    ) -> None:
        along = (w * u).sum(-1)
        # 1 + wᵀû, which is positive.
        self._room = torch.nn.functional.softplus(along)
        self.u = u + ((self._room - 1 - along) / w.square().sum(-1)).unsqueeze(-1) * w
        self.w, self.b = w, b

    def forward(self, z: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """f(z), and log |1 + ûᵀψ(z)|."""
        bent = ((self.w * z).sum(-1) + self.b).tanh()
        return z + self.u * bent.unsqueeze(-1), self._log_det(bent)

    def inverse(self, y: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """z = y − û tanh(a), a = wᵀz + b the root of a + wᵀû tanh(a) = wᵀy + b, which grows with a.

        The root is found by bisection, to rounding, and then carries its gradient by one step of Newton's.
        """
        target = (self.w * y).sum(-1) + self.b
        slope = self._room - 1
        a = _bisected(target.detach(), slope.detach())
        level = a.tanh()
        a = a - (a + slope * level - target) / (1 + slope * (1 - level.square())).detach()
        bent = a.tanh()
        return y - self.u * bent.unsqueeze(-1), self._log_det(bent)

    def _log_det(self, bent: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        """log (1 + wᵀû (1 − tanh²))."""
        squared = bent.square()
        return (squared + self._room * (1 - squared)).log()


@torch.no_grad()
def _bisected(target: Tensor, slope: Tensor) -> Tensor:
    """The root of a + slope·tanh(a) = target, which lies within |slope| of the target."""
    low, high = target - slope.abs(), target + slope.abs()
    for _ in range(60 if target.dtype == torch.float64 else 30):
        middle = (low + high) / 2
        above = middle + slope * middle.tanh() > target
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return (low + high) / 2


@final
class Radial(FlowStep):
    """f(z) = z + β (z − z₀)/(α + r), r = ‖z − z₀‖, β = −α + log(1 + e^β̂), which keeps f invertible.

    Args:
        centre: z₀, (*batch, d).
        reach: α > 0, (*batch).
        strength: β̂, (*batch).

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, equation 14 and appendix A.2.
    """

    def __init__(
        self,
        centre: Float[Tensor, "*batch d"],
        reach: Float[Tensor, "*batch"],
        strength: Float[Tensor, "*batch"],
    ) -> None:
        self.centre, self.reach = centre, reach
        # α + β, which is positive.
        self._room = torch.nn.functional.softplus(strength)

    def forward(self, z: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """f(z), and (d − 1) log(1 + βh) + log(1 + βh + βh′r)."""
        away = z - self.centre
        r = torch.linalg.vector_norm(away, dim=-1)
        stretch = (r + self._room) / (r + self.reach)
        return self.centre + away * stretch.unsqueeze(-1), self._log_det(r, z.shape[-1])

    def inverse(self, y: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """z on the same ray, r the positive root of r² + (α + β − ρ) r − αρ = 0, ρ = ‖y − z₀‖."""
        away = y - self.centre
        rho = torch.linalg.vector_norm(away, dim=-1)
        excess = self._room - rho
        larger = (excess.abs() + (excess.square() + 4 * self.reach * rho).sqrt()) / 2
        r = torch.where(excess > 0, self.reach * rho / larger, larger)
        stretch = (r + self._room) / (r + self.reach)
        return self.centre + away / stretch.unsqueeze(-1), self._log_det(r, y.shape[-1])

    def _log_det(self, r: Float[Tensor, "*B"], dimensions: int) -> Float[Tensor, "*B"]:
        reached = r + self.reach
        around = ((r + self._room) / reached).log()
        outwards = (r.square() + 2 * self.reach * r + self.reach * self._room).log() - 2 * reached.log()
        return (dimensions - 1) * around + outwards
