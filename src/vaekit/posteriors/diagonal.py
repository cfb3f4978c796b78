"""The diagonal Gaussian posterior of the original paper."""

from math import log
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.nn import Linear, Parameter

from vaekit.bounded import softly_bounded
from vaekit.core import Posterior


@final
class DiagonalGaussian(Posterior):
    """q(z | x) = N(μ(x), diag σ(x)²), or with one σ for all x as in the linear case.

    μ is linear in the features; log σ is linear and softly bounded ("predicted"), or a free
    parameter of each dimension ("shared", exact for linear models).

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.
        scale: "predicted" from the features or "shared" by all examples.

    Source: Kingma & Welling 2014, appendix C.2; shared: Lucas et al. 2019, https://arxiv.org/abs/1911.02469.

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> q = DiagonalGaussian(features=5, state=0, latents=2)
        >>> q(torch.zeros(4, 5), StandardNormal(2)(), None).event_shape
        torch.Size([2])
    """

    def __init__(
        self,
        features: int,
        state: int,
        latents: int,
        scale: Literal["predicted", "shared"] = "predicted",
    ) -> None:
        super().__init__()
        self.mean = Linear(features + state, latents)
        self.log_std: Linear | Parameter
        if scale == "predicted":
            self.log_std = Linear(features + state, latents)
        else:
            self.log_std = Parameter(torch.zeros(latents))

    def forward(
        self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None
    ) -> Independent:
        """Return q with batch shape (B,) or (*S, B)."""
        h = with_state(features, state)
        mean = self.mean(h)
        if isinstance(self.log_std, Parameter):
            std = self.log_std.exp().expand_as(mean)
        else:
            std = softly_bounded(self.log_std(h)).exp()
        return Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)

    @torch.no_grad()
    def standardise(self, means: Float[Tensor, "N d"], std: float) -> None:
        """Move and scale μ so that these means would be 0 with deviation 1, and make every σ the same.

        A prior that follows q holds no scale: codes that start small stay so, unseen by the decoder (decision 32).

        Args:
            means: μ(x_n) as they are now.
            std: σ for every x from now on.
        """
        centre, spread = means.mean(0), means.std(0).clamp(min=1e-6)
        self.mean.weight.div_(spread[:, None])
        self.mean.bias.sub_(centre).div_(spread)
        if isinstance(self.log_std, Linear):
            self.log_std.weight.zero_()
        scale = self.log_std if isinstance(self.log_std, Parameter) else self.log_std.bias
        scale.fill_(log(std))


def with_state(features: Float[Tensor, "B F"], state: Tensor | None) -> Tensor:
    """Join features (B, F) and a state (*S, B, H) to (*S, B, F + H).

    Example:
        >>> with_state(torch.zeros(4, 5), torch.zeros(3, 4, 2)).shape
        torch.Size([3, 4, 7])
    """
    if state is None:
        return features
    return torch.cat([features.expand(*state.shape[:-1], -1), state], -1)
