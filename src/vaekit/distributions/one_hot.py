"""Several categorical variables as one flat vector of one-hot codes, which training may relax."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.constraints import Constraint, boolean, independent
from torch.distributions.kl import register_kl


@final
class OneHot(Distribution):
    """q(z) = Π_m Cat(z_m; π_m), z_m one of the K corners, all M of them one after the other in a vector (M·K).

    log q(z) = Σ_mk z_mk log π_mk, a mass. With a temperature τ draws are relaxed to y = softmax((log π + g)/τ), which
    have a slope; at such a point, or any other inside the simplex, log q is the same formula and no density.

    Args:
        logits: log π up to a constant of each variable, (*B, M, K).
        temperature: τ of relaxed draws; None: draws are corners.
        hard: whether relaxed draws are corners forward, with the slope of y.

    Source: Jang et al. 2017, https://arxiv.org/abs/1611.01144, equations 1–2.

    Example:
        >>> q = OneHot(torch.zeros(2, 4))
        >>> q.event_shape, round(q.log_prob(torch.tensor([1.0, 0, 0, 0, 0, 0, 1.0, 0])).exp().item(), 4)
        (torch.Size([8]), 0.0625)
    """

    has_rsample = False

    def __init__(
        self,
        logits: Float[Tensor, "*B M K"],
        temperature: float | Float[Tensor, ""] | None = None,
        hard: bool = False,
    ) -> None:
        self.logits, self.temperature, self.hard = logits, temperature, hard
        self.log_probs = logits.log_softmax(-1)
        size = torch.Size((logits.shape[-2] * logits.shape[-1],))
        super().__init__(logits.shape[:-2], size, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        """None."""
        return {}

    @property
    def support(self) -> Constraint:
        """Vectors of zeros and ones."""
        return independent(boolean, 1)

    @property
    def categories(self) -> int:
        """K."""
        return self.logits.shape[-1]

    @property
    def mean(self) -> Float[Tensor, "*B d"]:
        """π."""
        return self.log_probs.exp().flatten(-2)

    @property
    def variance(self) -> Float[Tensor, "*B d"]:
        """π (1 − π)."""
        return self.mean * (1 - self.mean)

    def apart(self, z: Float[Tensor, "*S d"]) -> Float[Tensor, "*S M K"]:
        """The variables of a flat vector."""
        return z.unflatten(-1, (self.logits.shape[-2], self.categories))

    def log_prob(self, value: Float[Tensor, "*S d"]) -> Float[Tensor, "..."]:
        """Σ z log π, nats."""
        return (self.apart(value) * self.log_probs).sum((-2, -1))

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "OneHot":
        """The same variables for more batch dimensions."""
        wide = self.logits.expand(*batch_shape, *self.logits.shape[-2:])
        return OneHot(wide, self.temperature, self.hard)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "*S d"]:
        """Draw corners with torch's generator."""
        shape = (*sample_shape, *self.logits.shape[:-1])
        uniform = torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device)
        return self.corners(uniform)

    @torch.no_grad()
    def corners(self, uniform: Float[Tensor, "*S M"]) -> Float[Tensor, "*S d"]:
        """The corners that uniform numbers in [0, 1) stand for, one number for each variable."""
        edges = self.log_probs.exp().cumsum(-1)[..., :-1]
        chosen = (uniform.unsqueeze(-1) >= edges).sum(-1, keepdim=True)
        codes = torch.arange(self.categories, device=uniform.device) == chosen
        return codes.to(uniform.dtype).flatten(-2)


@register_kl(OneHot, OneHot)
def _kl(q: OneHot, p: OneHot) -> Float[Tensor, "..."]:
    """KL(q ‖ p) = Σ_mk π_mk (log π_mk − log ρ_mk), nats; exact for the corners, whatever draws are."""
    return (q.log_probs.exp() * (q.log_probs - p.log_probs)).sum((-2, -1))
