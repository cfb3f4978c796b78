"""The inverse autoregressive flow posterior."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Linear, ModuleList
from torch.nn.functional import logsigmoid

from vaekit.core import Posterior
from vaekit.distributions import Flow, FlowStep
from vaekit.errors import UserError
from vaekit.nets.made import MADE
from vaekit.posteriors.diagonal import DiagonalGaussian, with_state

_OPEN = 2.0
"""Added to s, so that steps begin near the identity: σ = sigmoid(2) = .88."""


@final
class GatedStep(FlowStep):
    """f(z) = σ ⊙ z + (1 − σ) ⊙ m, [m, s] autoregressive in z, σ = sigmoid(s + 2); backwards it takes d passes.

    Args:
        net: gives m and s of each value.
        context: h, (*batch, C).
        turned: whether the values are taken in reverse order.

    Source: Kingma et al. 2016, https://arxiv.org/abs/1606.04934, equations 13–14.
    """

    def __init__(self, net: MADE, context: Float[Tensor, "*batch C"], turned: bool) -> None:
        self.net, self.context, self.turned = net, context, turned

    def forward(self, z: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """f(z), and Σ log σ."""
        z = self._ordered(z)
        m, s = self._gates(z)
        gate = s.sigmoid()
        return self._ordered(gate * z + (1 - gate) * m), logsigmoid(s).sum(-1)

    def inverse(self, y: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        """z = (y − (1 − σ) ⊙ m)/σ one value after the other, and Σ log σ."""
        lead = torch.broadcast_shapes(y.shape[:-1], self.context.shape[:-1])
        y = self._ordered(y).expand(*lead, -1)
        known, unknown = y[..., :0], torch.zeros_like(y)
        s = y
        for j in range(y.shape[-1]):
            m, s = self._gates(torch.cat([known, unknown[..., j:]], -1))
            gate = s[..., j].sigmoid()
            value = (y[..., j] - (1 - gate) * m[..., j]) / gate
            known = torch.cat([known, value.unsqueeze(-1)], -1)
        return self._ordered(known), logsigmoid(s).sum(-1)

    def _gates(self, z: Float[Tensor, "... d"]) -> tuple[Tensor, Tensor]:
        m, s = self.net(z, self.context).unbind(-1)
        return m, s + _OPEN

    def _ordered(self, z: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        return z.flip(-1) if self.turned else z


@final
class IAFPosterior(Posterior):
    """z_t = σ_t ⊙ z_{t−1} + (1 − σ_t) ⊙ m_t, [m_t, s_t] autoregressive in z_{t−1}, from z_0 ~ N(μ(x), diag σ(x)²).

    The order of the values turns from step to step. Drawing takes one pass for each step, the density of anything
    that q did not draw itself d passes.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.
        transforms: T, steps.
        width: of both hidden layers of each step, and of the context h that they see.

    Raises:
        UserError: for a size under 1.

    Source: Kingma et al. 2016, https://arxiv.org/abs/1606.04934, algorithm 1 and equations 13–14.

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> q = IAFPosterior(features=5, state=0, latents=3, transforms=2, width=8)
        >>> q(torch.zeros(4, 5), StandardNormal(3)(), None).rsample((7,)).shape
        torch.Size([7, 4, 3])
    """

    def __init__(self, features: int, state: int, latents: int, transforms: int = 4, width: int = 64) -> None:
        super().__init__()
        if min(transforms, width) < 1:
            raise UserError(
                f"a flow has at least one step and one hidden unit, got --transforms {transforms} and "
                f"--flow_width {width}"
            )
        self.base = DiagonalGaussian(features, state, latents)
        self.context = Linear(features + state, width)
        self.nets = ModuleList(MADE(latents, width, width, outputs=2) for _ in range(transforms))

    def forward(self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None) -> Flow:
        """Return q with batch shape (B,) or (*S, B)."""
        h = self.context(with_state(features, state))
        steps = [
            GatedStep(net, h, index % 2 == 1) for index, net in enumerate(self.nets) if isinstance(net, MADE)
        ]
        return Flow(self.base(features, prior, state), steps)
