"""How a condition enters a model: beside what the encoder says, and beside what the decoder sees."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Linear, Module, Sequential, SiLU

from vaekit.noise import Noise

REMEMBERED = 1000
"""Conditions of the training set that a model keeps, to draw some where none is told."""


@final
class Conditioning(Module):
    """c in q(z | x, c) and p(x | z, c): features become f(features, c), and the decoder sees (h, c).

    Args:
        size: C, numbers of a condition.
        features: F of the encoder.
        seen: H, numbers that the decoder sees of the latents.
        as_map: whether both are flat maps of many positions: there c is added to each by a linear map instead.

    Source: Sohn et al. 2015, Learning structured output representation using deep conditional generative models,
    equation 4.

    Example:
        >>> conditioning = Conditioning(size=3, features=5, seen=2)
        >>> conditioning.decoded(torch.zeros(7, 4, 2), torch.zeros(4, 3)).shape
        torch.Size([7, 4, 5])
    """

    observed: Tensor

    def __init__(self, size: int, features: int, seen: int, as_map: bool = False) -> None:
        super().__init__()
        self.size = size
        self.as_map = as_map
        self.encoder = (
            Linear(size, features) if as_map else Sequential(Linear(features + size, features), SiLU())
        )
        self.decoder = Linear(size, seen) if as_map else None
        self.register_buffer("observed", torch.zeros(REMEMBERED, size))

    def encoded(self, features: Float[Tensor, "B F"], context: Float[Tensor, "B C"]) -> Float[Tensor, "B F"]:
        """What the posteriors see of x and c."""
        if self.as_map:
            return features + self.encoder(context)
        return self.encoder(torch.cat([features, context], -1))

    def decoded(self, h: Float[Tensor, "*S B H"], context: Float[Tensor, "B C"]) -> Float[Tensor, "*S B G"]:
        """What the decoder sees of z and c: G = H + C numbers, or H in maps."""
        if self.decoder is not None:
            return h + self.decoder(context)
        return torch.cat([h, context.expand(*h.shape[:-1], -1)], -1)

    @torch.no_grad()
    def remember(self, contexts: Float[Tensor, "N C"]) -> None:
        """Keep conditions of the training set, evenly spaced."""
        places = torch.arange(REMEMBERED, device=contexts.device) * len(contexts) // REMEMBERED
        self.observed.copy_(contexts[places])

    def drawn(self, n: int, noise: Noise) -> Float[Tensor, "n C"]:
        """Conditions as the training set had them."""
        u = noise.uniform("condition", (n,), 0, self.observed)
        return self.observed[(u * REMEMBERED).long()]
