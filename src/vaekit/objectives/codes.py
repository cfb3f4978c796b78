"""Terms of quantised latents, and the turn that fits their priors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE, Trace
from vaekit.distributions.quantised import Quantised
from vaekit.errors import CapabilityError
from vaekit.noise import Noise
from vaekit.objectives.algebra import Losses, Term, Turn
from vaekit.shapes import mean_over_samples, sum_rightmost

PRIOR = "prior"
"""The player that owns the priors' parameters."""


@final
@dataclass(frozen=True)
class Commitment(Term):
    """Σ ‖r − sg(e)‖² over positions and numbers: it keeps what the encoder says near its codes.

    Of residual codes r is what the earlier ones leave, and the sum goes over all depths.

    Source: van den Oord et al. 2017, https://arxiv.org/abs/1711.00937, equation 3, third term; residual: Lee et
    al. 2022, https://arxiv.org/abs/2203.01941, equation 8.
    """

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "commitment"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return Σ ‖r − sg(e)‖² of each example, over all sites."""
        return _distance(trace, [(q.encoded, q.codes.detach()) for q in quantised(trace)])


@final
@dataclass(frozen=True)
class CodebookLoss(Term):
    """Σ ‖sg(r) − e‖² over positions and numbers: it moves codes that are parameters towards what they stand for.

    Source: van den Oord et al. 2017, https://arxiv.org/abs/1711.00937, equation 3, second term.
    """

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "codebook"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return Σ ‖sg(r) − e‖² of each example, over all sites."""
        return _distance(trace, [(q.encoded.detach(), q.codes) for q in quantised(trace)])


def quantised(trace: Trace) -> list[Quantised]:
    """The posteriors of a trace whose sites are all grids of codes.

    Raises:
        CapabilityError: if one is not.
    """
    found = [site.posterior for site in trace.sites if isinstance(site.posterior, Quantised)]
    if len(found) != len(trace.sites):
        raise CapabilityError("commitment and codebook losses need quantised latents")
    return found


def _distance(trace: Trace, pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    distances = [sum_rightmost((a - b).square(), 3).expand(trace.batch_shape) for a, b in pairs]
    return mean_over_samples(torch.stack(distances).sum(0))


@final
@dataclass(frozen=True)
class FitCodes(Turn):
    """Priors of codes learn the codes that q gives: −E_q Σ log p(z | above), everything else held fixed.

    Source: van den Oord et al. 2017, https://arxiv.org/abs/1711.00937, section 3.3.
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
        loss = -torch.stack([site.log_p for site in vae.infer(x, noise=noise)]).sum(0).mean()
        return Losses({PRIOR: loss}, {"codes": loss.detach()}, None)
