"""The turn that fits a prior to what q gives, whatever the latents are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE, Learner
from vaekit.noise import Noise
from vaekit.objectives.algebra import Losses, Turn

PRIOR = "prior"
"""The player that owns the priors' parameters."""


@final
@dataclass(frozen=True)
class FitPrior(Turn):
    """Priors learn the codes that q gives: −E_q Σ log p(z | above), everything else held fixed.

    A prior that learns by a loss of its own minimises that, at the top site.

    Source: Tomczak & Welling 2018, https://arxiv.org/abs/1705.07120, section 2; of codes: van den Oord et al. 2017,
    https://arxiv.org/abs/1711.00937, section 3.3.
    """

    @property
    def players(self) -> tuple[str, ...]:
        """The priors."""
        return (PRIOR,)

    @property
    def settled(self) -> float:
        """At once."""
        return 0.0

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """What is not held fixed of the latents."""
        return {PRIOR: [p for p in vae.latents.parameters() if p.requires_grad]}

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Encode x and return −log p of its codes; nothing is decoded."""
        # What is held fixed gives the codes that it gives everybody else.
        vae.encoder.eval()
        vae.posteriors.eval()
        top, sites = vae.latents.top, vae.infer(x, noise=noise)
        if isinstance(top, Learner):
            loss = top.loss(sites[0].z, noise).mean()
        else:
            loss = -torch.stack([site.log_p for site in sites]).sum(0).mean()
        return Losses({PRIOR: loss}, {"codes": loss.detach()}, None)
