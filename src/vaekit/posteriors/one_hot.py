"""Posteriors of categorical latents, relaxed while they are trained."""

from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Linear

from vaekit.core import Discrete, Posterior
from vaekit.distributions import OneHot
from vaekit.errors import UserError
from vaekit.posteriors.diagonal import with_state


@final
class OneHotPosterior(Posterior, Discrete):
    """q(z | x) = Π_m Cat(z_m; softmax(l_m(x))), l linear in the features, z_m one-hot.

    In training mode draws are relaxed with temperature τ, and have a slope; in evaluation mode they are one-hot.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        variables: M.
        categories: K of each.
        temperature: τ > 0 of training.
        hard: whether draws in training are one-hot forward, with the slope of the relaxed ones.

    Raises:
        UserError: unless τ > 0.

    Source: Jang et al. 2017, https://arxiv.org/abs/1611.01144, sections 2 and 2.2 (straight-through).

    Example:
        >>> import torch
        >>> from vaekit.priors import OneHotPrior
        >>> q = OneHotPosterior(features=5, state=0, variables=2, categories=3, temperature=0.5)
        >>> q(torch.zeros(4, 5), OneHotPrior(2, 3)(), None).mean.shape
        torch.Size([4, 6])
    """

    def __init__(
        self,
        features: int,
        state: int,
        variables: int,
        categories: int,
        temperature: float = 2 / 3,
        hard: bool = False,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise UserError(f"a temperature is above 0, got {temperature:g}")
        self.logits = Linear(features + state, variables * categories)
        self.variables, self.categories = variables, categories
        self.temperature, self.hard = temperature, hard

    def forward(self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None) -> OneHot:
        """Return q with batch shape (B,) or (*S, B)."""
        logits = self.logits(with_state(features, state)).unflatten(-1, (self.variables, self.categories))
        return OneHot(logits, self.temperature if self.training else None, self.hard)
