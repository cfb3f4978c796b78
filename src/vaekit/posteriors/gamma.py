"""A posterior over positive numbers."""

from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent
from torch.nn import Linear

from vaekit.bounded import softly_bounded
from vaekit.core import Implicit, Posterior
from vaekit.distributions import Gamma
from vaekit.posteriors.diagonal import with_state

LOG_CONCENTRATION, LOG_RATE = (-1.6, 7.0), (-5.0, 8.0)
"""Soft bounds of log α and log β: α from .2 to 1,100, β from .007 to 3,000."""


@final
class GammaPosterior(Posterior, Implicit):
    """q(z | x) = Π_j Gamma(z_j; α_j(x), β_j(x)), log α and log β linear in the features and softly bounded.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.

    Source: Figurnov et al. 2018, https://arxiv.org/abs/1805.08498, section 6.3.

    Example:
        >>> import torch
        >>> from vaekit.priors import GammaPrior
        >>> q = GammaPosterior(features=5, state=0, latents=2)
        >>> q(torch.zeros(4, 5), GammaPrior(2)(), None).mean.shape
        torch.Size([4, 2])
    """

    def __init__(self, features: int, state: int, latents: int) -> None:
        super().__init__()
        self.log_concentration = Linear(features + state, latents)
        self.log_rate = Linear(features + state, latents)

    def forward(
        self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None
    ) -> Independent:
        """Return q with batch shape (B,) or (*S, B)."""
        h = with_state(features, state)
        concentration = softly_bounded(self.log_concentration(h), *LOG_CONCENTRATION).exp()
        rate = softly_bounded(self.log_rate(h), *LOG_RATE).exp()
        return Independent(Gamma(concentration, rate, validate_args=False), 1, validate_args=False)
