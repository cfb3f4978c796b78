"""p(z_l | state above): the prior of a lower site in a hierarchy."""

from typing import final

from torch import Tensor
from torch.distributions import Independent, Normal
from torch.nn import Linear

from vaekit.bounded import softly_bounded
from vaekit.core import Prior
from vaekit.errors import CapabilityError


@final
class ConditionalGaussian(Prior):
    """p(z | s) = N(μ(s), diag σ(s)²) with μ and log σ linear in the state s.

    Args:
        state: H, number of features of the state.
        latents: d, dimensions of z.

    Source: Rezende et al. 2014, https://arxiv.org/abs/1401.4082, equations 4–6.

    Example:
        >>> import torch
        >>> prior = ConditionalGaussian(state=3, latents=2)
        >>> prior(torch.zeros(5, 4, 3)).batch_shape
        torch.Size([5, 4])
    """

    def __init__(self, state: int, latents: int) -> None:
        super().__init__()
        self.mean = Linear(state, latents)
        self.log_std = Linear(state, latents)

    def forward(self, context: Tensor | None = None) -> Independent:
        """Return the prior with the state's batch shape (*S, B)."""
        if context is None:
            raise CapabilityError(
                "this prior is one for each condition, or each state above it, and was told none"
            )
        std = softly_bounded(self.log_std(context)).exp()
        normal = Normal(self.mean(context), std, validate_args=False)
        return Independent(normal, 1, validate_args=False)
