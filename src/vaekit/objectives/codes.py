"""Terms of quantised latents."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.distributions.quantised import Quantised
from vaekit.errors import CapabilityError
from vaekit.objectives.algebra import Term
from vaekit.shapes import mean_over_samples, sum_rightmost


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
