"""A hole put there on purpose: what proves that a detector finds one."""

import math
from dataclasses import dataclass, replace
from typing import cast, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import Module

from vaekit.core import VAE, Posterior
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.ranks import share_below


@final
@dataclass(frozen=True, eq=False)
class Ball:
    """A ball in latent space.

    Args:
        centre: (d,).
        radius: in units of z.

    Example:
        >>> Ball(torch.zeros(2), 1.0).holds(torch.tensor([[0.0, 0.5], [1.0, 1.0]])).tolist()
        [True, False]
    """

    centre: Float[Tensor, " d"]
    radius: float

    def holds(self, z: Float[Tensor, "*N d"]) -> Bool[Tensor, "*N"]:
        """Which codes lie in it."""
        return (z - self.centre.to(z)).norm(dim=-1) < self.radius


@final
class Holed(Module):
    """A decoder that shows, everywhere in a ball, what it would show at another code.

    Args:
        decoder: maps (N, d) to a likelihood's parameters.
        ball: where.
        instead: the other code, (d,).
    """

    instead: Tensor

    def __init__(self, decoder: Module, ball: Ball, instead: Float[Tensor, " d"]) -> None:
        super().__init__()
        self.decoder, self.ball = decoder, ball
        self.register_buffer("instead", instead)

    def forward(self, h: Float[Tensor, "N d"]) -> Tensor:
        """Decode."""
        inside = self.ball.holds(h).unsqueeze(-1)
        return self.decoder(torch.where(inside, self.instead, h))


def with_decoder_hole(vae: VAE, ball: Ball, instead: Float[Tensor, " d"]) -> VAE:
    """The same model with a hole in its decoder; modules are shared with the original.

    Raises:
        UserError: for a model of several sites.
    """
    if len(vae.latents.sites) > 1:
        raise UserError("a hole is planted in a model with one site")
    posteriors = {name: cast(Posterior, vae.posteriors[name]) for name in vae.latents.sites}
    decoder = Holed(vae.decoder, ball, instead)
    return VAE(vae.encoder, posteriors, vae.latents, decoder, vae.likelihood, vae.shape)


@torch.no_grad()
def without_codes_in(vae: VAE, examples: Examples, ball: Ball) -> Examples:
    """The examples whose posterior means lie outside the ball: their aggregate posterior has a hole there."""
    values = examples.values
    if not isinstance(values, Tensor):
        raise UserError("a hole is planted among examples that are held in memory")
    outside = torch.cat([~ball.holds(vae.encode(x).mean) for _, x, _ in examples.in_order()])
    return replace(examples, values=values[outside.to(values.device)])


def separation(planted: Float[Tensor, " P"], clean: Float[Tensor, " C"]) -> tuple[float, float]:
    """The probability that a planted position scores higher than a clean one (ties count half), and its error.

    AUC = P(s⁺ > s⁻) + ½ P(s⁺ = s⁻).

    Args:
        planted: scores of positions in a planted hole, higher for worse.
        clean: scores of the others.

    Returns:
        The area under the receiver operating characteristic and its standard error.

    Raises:
        UserError: if either is empty.

    Source: Hanley & McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747, equations 1 and 2.

    Example:
        >>> separation(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 2.0]))[0]
        0.875
    """
    if not (len(planted) and len(clean)):
        raise UserError(f"{len(planted)} planted and {len(clean)} clean positions: both are needed")
    area = share_below(planted, clean).mean().item()
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    spread = (len(planted) - 1) * (first - area**2) + (len(clean) - 1) * (second - area**2)
    variance = (area * (1 - area) + spread) / (len(planted) * len(clean))
    return area, math.sqrt(max(variance, 0.0))
