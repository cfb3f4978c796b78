"""The codes of a part of a split, and what the decoder makes of a code."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE, Deterministic, Point
from vaekit.data.batches import Examples, spaced_places
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.overlap import ENCODED
from vaekit.noise import Noise, Shard, draw

DECODED = 200
"""Codes that are decoded at once."""


@final
@dataclass(frozen=True, eq=False)
class Encoded:
    """q(z | x_n) of the top site for some examples of a split.

    Args:
        posteriors: in chunks of at most 100 examples.
        stream: name of the split: no two splits share their noise.
    """

    posteriors: tuple[Distribution, ...]
    stream: str

    def __len__(self) -> int:
        return sum(q.batch_shape[0] for q in self.posteriors)

    def draws(self, each: int, seed: int) -> Float[Tensor, "R N d"]:
        """R draws from the posterior of every example; of a point, the point as often."""
        found: list[Tensor] = []
        for index, q in enumerate(self.posteriors):
            size = q.batch_shape[0]
            noise = Noise(seed, (self.stream, "holes"), (Shard(index, size),))
            found.append(draw(q, (each, size), noise, "z"))
        return torch.cat(found, 1)


@torch.no_grad()
def encoded(vae: VAE, examples: Examples, most: int) -> Encoded:
    """Encode examples of a split, evenly spaced over it where there are more than `most`.

    Raises:
        CapabilityError: if codes are no vectors of a continuous space.
        UserError: if they are not finite.
    """
    top = vae.posteriors[next(iter(vae.latents.sites))]
    if isinstance(top, Deterministic) and not isinstance(top, Point):
        raise CapabilityError("this model's codes are discrete: between them there is nothing, hence no hole")
    chosen = spaced_places(len(examples), most).to(examples.index_device)
    found: list[Distribution] = []
    for index, part in enumerate(chosen.split(ENCODED)):
        noise = Noise(examples.seed, (examples.stream, "holes"), (Shard(index, len(part)),))
        q = vae.encode(examples.gather(part, noise))
        if len(q.event_shape) != 1:
            raise CapabilityError("holes are sought among codes that are vectors")
        if not bool(torch.isfinite(q.mean).all()):
            raise UserError("the model's codes are not finite: its training diverged")
        found.append(q)
    return Encoded(tuple(found), examples.stream)


@torch.no_grad()
def decoded(vae: VAE, z: Float[Tensor, "M d"]) -> Float[Tensor, "M D"]:
    """G(z): the picture at a value of the top site, in one row; sites below take their prior's mean."""
    top = next(iter(vae.latents.sites))
    found: list[Tensor] = []
    for part in z.split(DECODED):

        def choose(name: str, prior: Distribution, state: Tensor | None, part: Tensor = part) -> Tensor:
            _ = state
            # A model without a prior has no mean to fall back on, and needs none.
            return part if name == top else prior.mean

        found.append(vae.likelihood.centre(vae.walk(choose, (len(part),))).flatten(1))
    return torch.cat(found)
