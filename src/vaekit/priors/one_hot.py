"""A prior of categorical latents."""

from typing import final

import torch
from torch import Tensor

from vaekit.core import Prior
from vaekit.distributions import OneHot
from vaekit.errors import UserError


@final
class OneHotPrior(Prior):
    """p(z) = Π_m Cat(z_m; 1/K): every one-hot code has the mass K⁻ᴹ.

    Args:
        variables: M.
        categories: K of each.

    Raises:
        UserError: for no variable, or fewer than two categories.

    Example:
        >>> OneHotPrior(2, 4)().log_prob(torch.eye(4)[:2].flatten()).exp()
        tensor(0.0625)
    """

    logits: Tensor

    def __init__(self, variables: int, categories: int) -> None:
        super().__init__()
        if variables < 1 or categories < 2:
            raise UserError(
                "categorical latents are at least one variable of at least 2 categories, got "
                f"{variables} of {categories}"
            )
        self.register_buffer("logits", torch.zeros(variables, categories), persistent=False)

    def forward(self, context: Tensor | None = None) -> OneHot:
        """Return p(z) with batch shape ()."""
        return OneHot(self.logits)
