"""Semi-amortised inference: steps up the ELBO of each example from the encoder's answer on."""

from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Bound, Refinement
from vaekit.errors import UserError
from vaekit.noise import Noise, Shard, Tape

_ONE = Shard(0, 1)


@final
class GradientAscent(Refinement):
    """λ_{k+1} = λ_k + α ∇_λ ELBO(λ_k; x), k = 0 … K − 1, λ_0 the encoder's features.

    λ are the features that the posteriors' linear heads read, not (μ, log σ) as in the paper: one λ serves posteriors
    of any kind and any number of sites. The draws of step k are the same for all examples and at all times, so that
    an example has one q(z | x); the objective that trains the model has fresh ones.

    Args:
        steps: K.
        step_size: α, in units of the features.
        longest: norm to which a gradient is cut, nats per unit, for each example.
        gradient: second_order, through the steps; first_order takes their gradients for constants.

    Raises:
        UserError: for a number out of its range.

    Source: Kim et al. 2018, https://arxiv.org/abs/1802.02550, algorithm 1 and section 3.1.

    Example:
        >>> ascent = GradientAscent(steps=50, step_size=0.2)
        >>> found = ascent(lambda features, noise: -(features - 1).square().sum(-1), torch.zeros(2, 3))
        >>> round(found.mean().item(), 3)
        1.0
    """

    def __init__(
        self,
        steps: int = 5,
        step_size: float = 0.1,
        longest: float = 5.0,
        gradient: Literal["second_order", "first_order"] = "second_order",
    ) -> None:
        super().__init__()
        if steps < 1 or not (step_size > 0 and longest > 0):
            raise UserError(
                "refinement takes at least one step of a positive size, got "
                f"--steps {steps}, --step_size {step_size} and a longest gradient of {longest}"
            )
        self.steps, self.step_size, self.longest, self.gradient = steps, step_size, longest, gradient
        # Kept, so that a captured step draws nothing.
        self._tapes: dict[tuple[int, torch.device], Tape] = {}

    def forward(self, bound: Bound, features: Float[Tensor, "B F"]) -> Float[Tensor, "B F"]:
        """Return λ_K."""
        wanted = features.requires_grad
        through = wanted and self.gradient == "second_order"
        refined = features if wanted else features.detach().requires_grad_()
        for k in range(self.steps):
            value = bound(refined, self._noise(k, features)).sum()
            (slope,) = torch.autograd.grad(value, refined, create_graph=through)
            refined = refined + self.step_size * self._cut(slope)
            if not wanted:
                refined = refined.detach().requires_grad_()
        return refined

    def _cut(self, slope: Float[Tensor, "B F"]) -> Float[Tensor, "B F"]:
        # A root of 0 has no slope.
        length = (slope.square().sum(-1, keepdim=True) + 1e-12).sqrt()
        return slope * (self.longest / length).clamp(max=1)

    def _noise(self, k: int, features: Tensor) -> Noise:
        """The same numbers for every example."""
        tape = self._tapes.setdefault((k, features.device), Tape(torch.float32))
        return Noise(0, ("refinement", k), (_ONE,) * len(features)).on(tape)
