"""Gaussian priors: the standard normal, and one with a free mean and covariance."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents


@final
class StandardNormal(KeptPrior):
    """p(z) = N(0, I).

    Args:
        latents: d, dimensions of z.

    Example:
        >>> round(StandardNormal(2)().log_prob(torch.zeros(2)).item(), 4)
        -1.8379
    """

    zeros: Tensor

    def __init__(self, latents: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latents), persistent=False)

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One of as many dimensions."""
        return cls(top_latents(saved.vae))

    def forward(self, context: Tensor | None = None) -> Independent:
        """Return N(0, I) with batch shape ()."""
        normal = Normal(self.zeros, torch.ones_like(self.zeros), validate_args=False)
        return Independent(normal, 1, validate_args=False)


@final
class GaussianPrior(KeptPrior):
    """p(z) = N(m, L Lᵀ), fitted to the aggregate posterior; buffers, not parameters.

    Args:
        mean: m, (d,).
        scale_tril: L, (d, d), lower triangular with a positive diagonal.

    Example:
        >>> prior = GaussianPrior(torch.zeros(2), 2 * torch.eye(2))
        >>> prior().variance
        tensor([4., 4.])
    """

    mean: Tensor
    scale_tril: Tensor

    def __init__(self, mean: Float[Tensor, " d"], scale_tril: Float[Tensor, "d d"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale_tril", scale_tril)

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """The same one."""
        return cls(saved.tensors["mean"], saved.tensors["scale_tril"])

    def forward(self, context: Tensor | None = None) -> MultivariateNormal:
        """Return N(m, L Lᵀ) with batch shape ()."""
        return MultivariateNormal(self.mean, scale_tril=self.scale_tril, validate_args=False)
