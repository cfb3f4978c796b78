"""A Gaussian mixture whose weights, means and scales are trained with the model."""

from typing import final

import torch
from torch import Tensor
from torch.nn import Parameter

from vaekit.bounded import softly_bounded
from vaekit.errors import UserError
from vaekit.priors.diagonal_mixture import DiagonalMixture
from vaekit.priors.kept import KeptPrior, SavedPrior


@final
class LearnedMixture(KeptPrior):
    """p(z) = Σ_k π_k N(μ_k, diag σ_k²); π, μ and σ are parameters. Its KL is a Monte-Carlo value.

    The means start as draws from N(0, I), the weights even, the scales at about 1.

    Args:
        latents: d, dimensions of z.
        components: K.

    Raises:
        UserError: for fewer than one component.

    Source: Dilokthanakul et al. 2016, https://arxiv.org/abs/1611.02648, section 3, without the latents above the
    mixture; as a baseline in Tomczak & Welling 2018, https://arxiv.org/abs/1705.07120, section 4.

    Example:
        >>> LearnedMixture(latents=2, components=5)().log_prob(torch.zeros(3, 2)).shape
        torch.Size([3])
    """

    def __init__(self, latents: int, components: int) -> None:
        if components < 1:
            raise UserError(f"a mixture needs at least one component, got {components}")
        super().__init__()
        self.logits = Parameter(torch.zeros(components))
        self.mean = Parameter(torch.randn(components, latents))
        self.log_std = Parameter(torch.zeros(components, latents))

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One with as many components."""
        components, latents = saved.tensors["mean"].shape
        return cls(latents, components)

    def forward(self, context: Tensor | None = None) -> DiagonalMixture:
        """Return the mixture, batch shape ()."""
        return DiagonalMixture(self.logits, self.mean, softly_bounded(self.log_std).exp())
