"""Posteriors of binary latents, and the control variate that RELAX learns beside them."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent
from torch.nn import Linear, Module, Parameter, Sequential, Tanh
from torch.nn.functional import softplus

from vaekit.core import Discrete, Posterior
from vaekit.distributions import LogitBernoulli
from vaekit.posteriors.diagonal import with_state

WIDTH = 64


@final
class ControlVariate(Module):
    """What RELAX needs of c(z) = f(sigmoid(z/λ)) + r(z): the temperature λ, and a small network r.

    Args:
        latents: d.

    Source: Grathwohl et al. 2018, https://arxiv.org/abs/1711.00123, section 3.2.

    Example:
        >>> control = ControlVariate(3)
        >>> control(torch.zeros(5, 4, 3)).shape, round(control.temperature.item(), 2)
        (torch.Size([5, 4]), 0.5)
    """

    def __init__(self, latents: int) -> None:
        super().__init__()
        self.net = Sequential(Linear(latents, WIDTH), Tanh(), Linear(WIDTH, 1))
        self.raw = Parameter(torch.tensor(0.5).expm1().log())

    @property
    def temperature(self) -> Float[Tensor, ""]:
        """λ > 0."""
        return softplus(self.raw)

    def forward(self, z: Float[Tensor, "*S d"]) -> Float[Tensor, "*S"]:
        """r(z), nats."""
        return self.net(z).squeeze(-1)


@final
class BernoulliPosterior(Posterior, Discrete):
    """q(z | x) = Π_j Bernoulli(z_j; sigmoid(l_j(x))), l linear in the features.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, binary numbers in z.
        controlled: whether it holds a control variate, which `RELAX` trains.

    Source: Mnih & Gregor 2014, https://arxiv.org/abs/1402.0030, section 2.

    Example:
        >>> from vaekit.priors import BernoulliPrior
        >>> q = BernoulliPosterior(features=5, state=0, latents=2)
        >>> q(torch.zeros(4, 5), BernoulliPrior(2)(), None).mean.shape
        torch.Size([4, 2])
    """

    def __init__(self, features: int, state: int, latents: int, controlled: bool = False) -> None:
        super().__init__()
        self.logits = Linear(features + state, latents)
        self.control = ControlVariate(latents) if controlled else None

    def forward(
        self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None
    ) -> Independent:
        """Return q with batch shape (B,) or (*S, B)."""
        logits = self.logits(with_state(features, state))
        return Independent(LogitBernoulli(logits=logits, validate_args=False), 1, validate_args=False)
