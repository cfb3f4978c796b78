"""The radial flow posterior."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from vaekit.distributions import Radial
from vaekit.posteriors.stepped import SteppedPosterior


@final
class RadialPosterior(SteppedPosterior):
    """z = f_K ∘ … ∘ f_1(z_0), z_0 ~ N(μ(x), diag σ(x)²), f_k(z) = z + β_k(x) (z − c_k(x))/(α_k(x) + ‖z − c_k(x)‖).

    A step draws z towards a centre or pushes it away; its inverse has a closed form.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.
        depth: K, steps.

    Raises:
        UserError: for a depth under 1.

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, equations 13–14 and appendix A.2.

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> q = RadialPosterior(features=5, state=0, latents=3, depth=2)
        >>> q(torch.zeros(4, 5), StandardNormal(3)(), None).rsample((7,)).shape
        torch.Size([7, 4, 3])
    """

    def start(self, depth: int) -> Float[Tensor, "K n"]:
        """Centres about 0, and neither pull nor push: α = α + β = log 2."""
        return torch.cat([torch.randn(depth, self.latents), torch.zeros(depth, 2)], -1)

    def step(self, numbers: Float[Tensor, "*B n"]) -> Radial:
        """Of c, α before its softplus, and β̂."""
        centre, reach, strength = numbers.split([self.latents, 1, 1], -1)
        return Radial(centre, softplus(reach.squeeze(-1)), strength.squeeze(-1))
