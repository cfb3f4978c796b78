"""A prior of positive latents."""

from typing import final

import torch
from torch import Tensor
from torch.distributions import Independent

from vaekit.core import Prior
from vaekit.distributions import Gamma
from vaekit.errors import UserError


@final
class GammaPrior(Prior):
    """p(z) = Π_j Gamma(z_j; α₀, β₀), of mean α₀/β₀; below α₀ = 1 most of its mass lies at 0.

    Args:
        latents: d, dimensions of z.
        concentration: α₀ ≥ 0.2.
        rate: β₀ > 0.

    Raises:
        UserError: for numbers out of their range.

    Example:
        >>> GammaPrior(2, 3.0, 1.5)().mean
        tensor([2., 2.])
    """

    concentration: Tensor
    rate: Tensor

    def __init__(self, latents: int, concentration: float = 0.3, rate: float = 0.3) -> None:
        super().__init__()
        if not (concentration >= 0.2 and rate > 0):
            raise UserError(
                f"a Gamma prior has a concentration of at least 0.2 and a rate above 0, got {concentration:g} and "
                f"{rate:g}"
            )
        self.register_buffer("concentration", torch.full((latents,), concentration), persistent=False)
        self.register_buffer("rate", torch.full((latents,), rate), persistent=False)

    def forward(self, context: Tensor | None = None) -> Independent:
        """Return p(z) with batch shape ()."""
        return Independent(Gamma(self.concentration, self.rate, validate_args=False), 1, validate_args=False)
