"""What posteriors share whose flow is predicted from the features, step by step."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Linear

from vaekit.core import Posterior
from vaekit.distributions import Flow, FlowStep
from vaekit.errors import UserError
from vaekit.posteriors.diagonal import DiagonalGaussian, with_state


class SteppedPosterior(Posterior, ABC):
    """A diagonal Gaussian pushed through K steps, all of whose numbers are linear in the features.

    Args:
        features: F, number of features that the encoder gives.
        state: number of features of the state above the site, 0 at the top.
        latents: d, dimensions of z.
        depth: K, steps.

    Raises:
        UserError: for a depth under 1.

    Source: Rezende & Mohamed 2015, https://arxiv.org/abs/1505.05770, section 4.2 and algorithm 1.
    """

    def __init__(self, features: int, state: int, latents: int, depth: int = 8) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"a flow has at least one step, got --depth {depth}")
        self.latents = latents
        self.base = DiagonalGaussian(features, state, latents)
        start = self.start(depth)
        self.steps = Linear(features + state, start.numel())
        self.depth = depth
        with torch.no_grad():
            # Steps that differ from the first, and depend on x a little.
            self.steps.weight.mul_(0.1)
            self.steps.bias.copy_(start.flatten())

    @abstractmethod
    def start(self, depth: int) -> Float[Tensor, "K n"]:
        """The numbers of the steps before training."""

    @abstractmethod
    def step(self, numbers: Float[Tensor, "*B n"]) -> FlowStep:
        """The step that these numbers describe."""

    def forward(self, features: Float[Tensor, "B F"], prior: Distribution, state: Tensor | None) -> Flow:
        """Return q with batch shape (B,) or (*S, B)."""
        numbers = self.steps(with_state(features, state)).chunk(self.depth, -1)
        return Flow(self.base(features, prior, state), [self.step(own) for own in numbers])
