"""The planar flow posterior."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.distributions import Planar
from vaekit.posteriors.stepped import SteppedPosterior


@final
class PlanarPosterior(SteppedPosterior):
    """z = f_K ∘ … ∘ f_1(z_0), z_0 ~ N(μ(x), diag σ(x)²), f_k(z) = z + û_k(x) tanh(w_k(x)ᵀz + b_k(x)).

    A step bends z along one direction; its inverse, a number found by bisection, is had to rounding.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.
        depth: K, steps.

    Raises:
        UserError: for a depth under 1.

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, equations 10–13 and appendix A.1.

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> q = PlanarPosterior(features=5, state=0, latents=3, depth=2)
        >>> q(torch.zeros(4, 5), StandardNormal(3)(), None).rsample((7,)).shape
        torch.Size([7, 4, 3])
    """

    def start(self, depth: int) -> Float[Tensor, "K n"]:
        """Directions w of length 1 and nearly no bend: wᵀu = log(e − 1), where û = 0."""
        w = torch.nn.functional.normalize(torch.randn(depth, self.latents), dim=-1)
        level = torch.ones(()).expm1().log()
        return torch.cat([level * w, w, torch.zeros(depth, 1)], -1)

    def step(self, numbers: Float[Tensor, "*B n"]) -> Planar:
        """Of u, w and b."""
        u, w, b = numbers.split([self.latents, self.latents, 1], -1)
        return Planar(u, w, b.squeeze(-1))
