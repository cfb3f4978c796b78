"""The Gaussian posterior with a full covariance."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal
from torch.nn import Linear

from vaekit.bounded import softly_bounded
from vaekit.core import Posterior
from vaekit.posteriors.diagonal import with_state


@final
class FullCovarianceGaussian(Posterior):
    """q(z | x) = N(μ(x), L(x) L(x)ᵀ) with L lower triangular and a positive, softly bounded diagonal.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z; L has d(d+1)/2 numbers.

    Source: Kingma & Welling 2019, https://arxiv.org/abs/1906.02691, section 2.5.1.

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> q = FullCovarianceGaussian(features=5, state=0, latents=3)
        >>> q(torch.zeros(4, 5), StandardNormal(3)(), None).covariance_matrix.shape
        torch.Size([4, 3, 3])
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, features: int, state: int, latents: int) -> None:
        super().__init__()
        self.mean = Linear(features + state, latents)
        self.factor = Linear(features + state, latents * (latents + 1) // 2)
        rows, columns = torch.tril_indices(latents, latents, offset=-1)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)

    def forward(
        self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None
    ) -> MultivariateNormal:
        """Return q with batch shape (B,) or (*S, B)."""
        h = with_state(features, state)
        log_diagonal, lower = self.factor(h).tensor_split([self.mean.out_features], -1)
        factor = torch.diag_embed(softly_bounded(log_diagonal).exp())
        factor[..., self.rows, self.columns] = lower
        return MultivariateNormal(self.mean(h), scale_tril=factor, validate_args=False)
