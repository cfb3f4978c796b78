"""Multi-sample bounds."""

import math
from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.objectives.algebra import Term


def iwae_bound(log_weight: Float[Tensor, "K B"]) -> Float[Tensor, " B"]:
    """log (1/K) Σ_k w_k, the importance-weighted lower bound of log p(x), nats per example.

    Args:
        log_weight: log p(x, z_k) − log q(z_k | x), (K, B).

    Source: Burda et al. 2016, https://arxiv.org/abs/1509.00519, equation 8.

    Example:
        >>> import torch
        >>> iwae_bound(torch.tensor([[0.0], [0.0]]))
        tensor([0.])
    """
    return log_weight.logsumexp(0) - math.log(log_weight.shape[0])


@final
@dataclass(frozen=True)
class IWAE(Term):
    """−log (1/K) Σ_k w_k, nats per example; K = 1 is the Monte-Carlo negative ELBO.

    Args:
        samples: K ≥ 1.

    Source: Burda et al. 2016, equation 8.
    """

    samples: int

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"importance weighting needs at least one sample, got {self.samples}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "iwae"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K draws."""
        return (self.samples,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the bound of the first K draws; a sum of terms may have asked for more."""
        log_weight = trace.log_weight()
        return -iwae_bound(log_weight.reshape(-1, log_weight.shape[-1])[: self.samples])
