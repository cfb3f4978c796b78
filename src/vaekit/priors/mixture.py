"""A Gaussian mixture with full covariances, fitted to the aggregate posterior."""

from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from vaekit.priors.kept import KeptPrior, SavedPrior


@final
class GaussianMixturePrior(KeptPrior):
    """p(z) = Σ_m π_m N(μ_m, L_m L_mᵀ); buffers, not parameters. Its KL is a Monte-Carlo value.

    Args:
        weights: π, (M,), positive, summing to 1.
        means: μ, (M, d).
        scale_trils: L, (M, d, d), lower triangular with positive diagonals.

    Example:
        >>> import torch
        >>> prior = GaussianMixturePrior(torch.ones(2) / 2, torch.zeros(2, 3), torch.eye(3).expand(2, 3, 3))
        >>> round(prior().log_prob(torch.zeros(3)).item(), 4)
        -2.7568
    """

    weights: Tensor
    means: Tensor
    scale_trils: Tensor

    def __init__(
        self,
        weights: Float[Tensor, " M"],
        means: Float[Tensor, "M d"],
        scale_trils: Float[Tensor, "M d d"],
    ) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.register_buffer("means", means)
        self.register_buffer("scale_trils", scale_trils.contiguous())

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """The same one."""
        return cls(saved.tensors["weights"], saved.tensors["means"], saved.tensors["scale_trils"])

    def forward(self, context: Tensor | None = None) -> MixtureSameFamily:
        """Return the mixture with batch shape ()."""
        return MixtureSameFamily(
            Categorical(probs=self.weights, validate_args=False),
            MultivariateNormal(self.means, scale_tril=self.scale_trils, validate_args=False),
            validate_args=False,
        )
