"""Two latent vectors, the upper one shaping the prior of the lower."""

from collections.abc import Mapping, Sequence
from typing import cast, final

import torch
from torch import Tensor
from torch.nn import Module

from vaekit.core import Choose, Latents, Prior
from vaekit.shapes import over_batch


@final
class TopDown(Latents):
    """p(z₂) p(z₁ | z₂), visited from the top; the decoder sees both values.

    A network turns z₂ into the state that the prior and the posterior of z₁ see. With
    `decoder_sees_top` off, x depends on z₂ through z₁ alone.

    Args:
        top_latents: dimensions of z₂.
        latents: dimensions of z₁.
        prior: p(z₂).
        state: network from (N, top_latents) to (N, state_features).
        state_features: number of features of the state.
        conditional: p(z₁ | state).
        decoder_sees_top: whether h joins z₁ with the state.

    Source: Sønderby et al. 2016, https://arxiv.org/abs/1602.02282, equations 1–2 (generative) and the
    top-down inference order q(z₂ | x) q(z₁ | z₂, x).
    """

    def __init__(
        self,
        top_latents: int,
        latents: int,
        prior: Prior,
        state: Module,
        state_features: int,
        conditional: Prior,
        decoder_sees_top: bool = True,
    ) -> None:
        super().__init__()
        self.top_latents = top_latents
        self.latents = latents
        self.prior = prior
        self.state = state
        self.width = state_features
        self.conditional = conditional
        self.decoder_sees_top = decoder_sees_top

    @property
    def sites(self) -> Mapping[str, int]:
        """{"z2": …, "z1": …}, top first."""
        return {"z2": self.top_latents, "z1": self.latents}

    @property
    def state_features(self) -> Mapping[str, int]:
        """The lower posterior sees the state."""
        return {"z2": 0, "z1": self.width}

    @property
    def out_features(self) -> int:
        """The decoder sees z₁, and the state where it may."""
        return self.latents + (self.width if self.decoder_sees_top else 0)

    @property
    def top(self) -> Prior:
        """p(z₂)."""
        return cast(Prior, self.prior)

    def replace_top(self, prior: Prior) -> None:
        """Put another p(z₂)."""
        self.prior = prior

    def forward(self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None) -> Tensor:
        """Return z₁, joined with the state, (*S, B, H)."""
        z2 = choose("z2", self.prior(context), None)
        state = over_batch(self.state, z2, event_ndim=1)
        z1 = choose("z1", self.conditional(state), state)
        return torch.cat([z1, state], -1) if self.decoder_sees_top else z1
