"""The rate under a prior of exemplars, none of which is the example itself."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import CapabilityError
from vaekit.objectives.algebra import Term
from vaekit.priors.diagonal_mixture import DiagonalMixture
from vaekit.priors.exemplar import own_components
from vaekit.shapes import mean_over_samples


@final
@dataclass(frozen=True)
class LeaveOneOutKL(Term):
    """E_q[log q(z | x) − log p₋ₓ(z)], nats per example: p₋ₓ lacks the components whose exemplar is x.

    Without this an example pays next to nothing for a code at its own exemplar, and q(z | x) of exemplars shrinks to
    points. An example is known again by its values: one that is mirrored or binarised anew is not.

    Source: Norouzi et al. 2020, https://arxiv.org/abs/2004.04795, section 3.1, leave-one-out.
    """

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "kl"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the rate, averaged over draws.

        Raises:
            CapabilityError: if the top site's prior is no mixture of exemplars.
        """
        top, *below = trace.sites
        if not isinstance(top.prior, DiagonalMixture) or top.prior.keys is None:
            raise CapabilityError("an example can only be left out of a prior made of examples")
        log_p = top.prior.log_prob(top.z, own_components(top.prior, trace.x))
        rates = [top.log_q - log_p, *(site.kl() for site in below)]
        return mean_over_samples(torch.stack(rates).sum(0))
