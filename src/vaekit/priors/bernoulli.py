"""A prior of binary latents."""

from typing import final

import torch
from torch import Tensor
from torch.distributions import Independent
from torch.nn import Parameter

from vaekit.core import Prior
from vaekit.distributions import LogitBernoulli


@final
class BernoulliPrior(Prior):
    """p(z) = Π_j Bernoulli(z_j; sigmoid(l_j)), l = 0 or learned.

    Args:
        latents: d, binary numbers in z.
        learned: whether l is a parameter; else every code has the mass 2⁻ᵈ.

    Example:
        >>> BernoulliPrior(3)().log_prob(torch.tensor([0.0, 1.0, 1.0])).exp()
        tensor(0.1250)
    """

    logits: Tensor

    def __init__(self, latents: int, learned: bool = False) -> None:
        super().__init__()
        if learned:
            self.logits = Parameter(torch.zeros(latents))
        else:
            self.register_buffer("logits", torch.zeros(latents), persistent=False)

    def forward(self, context: Tensor | None = None) -> Independent:
        """Return p(z) with batch shape ()."""
        return Independent(LogitBernoulli(logits=self.logits, validate_args=False), 1, validate_args=False)
