"""Flow matching in latent space: an ordinary differential equation whose velocity is learned by regression."""

from collections.abc import Callable, Mapping
from math import pi
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import jacrev, vmap

from vaekit.core import Learner
from vaekit.errors import UserError
from vaekit.nets import MLP
from vaekit.noise import Noise
from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents
from vaekit.priors.pushforward import PushforwardPrior, normal_log_density

NARROW = 1e-3
"""σ_min: how wide the paths still are when they reach a code, in standard deviations of the codes."""
_AT_ONCE = 2**22
"""Numbers of the Jacobians of hidden layers that are held at a time."""


@final
class FlowMatchingPrior(PushforwardPrior, Learner):
    """z = y(1) of dy/dt = v(y, t), y(0) ~ N(0, I): v learns the velocities of straight paths from noise to codes.

    log p(z) = log N(y(0); 0, I) − ∫ tr ∂v/∂y dt along the path that ends in z, with the exact trace, which takes d
    derivatives: a density is dear. Both directions take fixed steps of Runge and Kutta's method, whose error falls
    with the fourth power of their number.

    Args:
        latents: d, dimensions of z.
        width: of the three hidden layers of v.
        steps: of the solver.

    Raises:
        UserError: for a size under 1.

    Source: Lipman et al. 2023, https://arxiv.org/abs/2210.02747, equations 20–23 (paths, loss) and 3, 27 (density);
    in latent space: Dao et al. 2023, https://arxiv.org/abs/2307.08698, section 3.2.

    Example:
        >>> prior = FlowMatchingPrior(latents=3, width=8)
        >>> prior().log_prob(prior().sample((5,))).shape
        torch.Size([5])
    """

    def __init__(self, latents: int, width: int = 128, steps: int = 10) -> None:
        if min(latents, width, steps) < 1:
            raise UserError(
                "flow matching needs at least one latent, hidden unit and step, got "
                f"{latents}, {width} and {steps}"
            )
        super().__init__(latents, latents)
        self.width, self.steps = width, steps
        self.net = MLP(latents + 3, (width, width, width), latents, "silu")

    @property
    def options(self) -> Mapping[str, object]:
        """Width and steps."""
        return {"width": self.width, "steps": self.steps}

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One of the same sizes."""
        return cls(
            top_latents(saved.vae), cast(int, saved.options["width"]), cast(int, saved.options["steps"])
        )

    def velocity(self, y: Float[Tensor, "*B d"], t: Float[Tensor, "*#B"]) -> Float[Tensor, "*B d"]:
        """v(y, t), of scaled codes and times in [0, 1]."""
        time = torch.stack([t, (pi * t).sin(), (pi * t).cos()], -1).expand(*y.shape[:-1], 3)
        return self.net(torch.cat([y, time], -1))

    def loss(self, z: Float[Tensor, "B d"], noise: Noise) -> Float[Tensor, " B"]:
        """‖v(y_t, t) − (y₁ − (1 − σ_min) y₀)‖² with y_t = (1 − (1 − σ_min) t) y₀ + t y₁, y₁ the code, t and y₀ drawn.

        Source: Lipman et al. 2023, equation 23.
        """
        y = self.scaling.inwards(z)
        t = noise.uniform("prior/time", (len(y),), 0, y)
        start = noise.normal("prior/start", tuple(y.shape), 0, y)
        at = (1 - (1 - NARROW) * t)[:, None] * start + t[:, None] * y
        return (self.velocity(at, t) - (y - (1 - NARROW) * start)).square().sum(-1)

    def push(self, u: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """The end of the path that starts in u."""
        y = runge_kutta(lambda y, t: self.velocity(y, t.to(y)), u, 0.0, 1.0, self.steps)
        return self.scaling.outwards(y)

    def log_density(self, z: Float[Tensor, "*B d"], temperature: float = 1.0) -> Float[Tensor, "*B"]:
        """log p(z), nats."""
        rows = z.reshape(-1, self.latents)
        size = max(1, _AT_ONCE // (self.latents * self.width))
        parts = [self._of_rows(part, temperature) for part in rows.split(size)]
        return torch.cat(parts).reshape(z.shape[:-1])

    def _of_rows(self, z: Float[Tensor, "n d"], temperature: float) -> Float[Tensor, " n"]:
        """Integrate the code and the trace together, from 1 back to 0."""

        def flow(state: Tensor, t: Tensor) -> Tensor:
            v, trace = self.divergence(state[:, :-1], t.to(state))
            return torch.cat([v, trace[:, None]], -1)

        ends = torch.cat([self.scaling.inwards(z), torch.zeros_like(z[:, :1])], -1)
        starts = runge_kutta(flow, ends, 1.0, 0.0, self.steps)
        # From 1 to 0 the integral of the trace has its sign turned.
        volume = starts[:, -1] - self.scaling.log_volume
        return normal_log_density(starts[:, :-1], temperature) + volume

    def divergence(
        self, y: Float[Tensor, "n d"], t: Float[Tensor, ""]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """v(y, t) and tr ∂v/∂y."""

        def twice(one: Tensor) -> tuple[Tensor, Tensor]:
            v = self.velocity(one, t)
            return v, v

        jacobian, v = vmap(jacrev(twice, has_aux=True))(y)
        return v, jacobian.diagonal(dim1=-2, dim2=-1).sum(-1)


def runge_kutta(
    f: Callable[[Tensor, Tensor], Tensor], y: Tensor, start: float, stop: float, steps: int
) -> Tensor:
    """y(stop) of dy/dt = f(y, t) from y(start), by Runge and Kutta's method of the fourth order.

    Example:
        >>> y = runge_kutta(lambda y, t: y, torch.ones(1, dtype=torch.float64), 0.0, 1.0, 10)
        >>> round(y.log().item(), 5)
        1.0
    """
    h = (stop - start) / steps
    for step in range(steps):
        t = torch.tensor(start + step * h, dtype=torch.float64)
        a = f(y, t)
        b = f(y + h / 2 * a, t + h / 2)
        c = f(y + h / 2 * b, t + h / 2)
        d = f(y + h * c, t + h)
        y = y + h / 6 * (a + 2 * b + 2 * c + d)
    return y
