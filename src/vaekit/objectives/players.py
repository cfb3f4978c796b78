"""Two players on one trace: inference and generation, each with an objective of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import final

from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.noise import Noise
from vaekit.objectives.algebra import Losses, Objective, Turn

INFERENCE, GENERATION = "inference", "generation"
"""The player that owns encoder and posteriors, and the one that owns priors, decoder and likelihood."""


@final
@dataclass(frozen=True)
class PerPlayer(Turn):
    """One trace whose encoder and posteriors minimise one objective, and everything else another.

    Args:
        inference: of encoder and posteriors.
        generation: of priors, decoder and likelihood.

    Source: Rainforth et al. 2018, https://arxiv.org/abs/1802.04537, section 4.

    Example:
        >>> from vaekit.objectives import IWAE
        >>> from vaekit.objectives.algebra import as_objective
        >>> turn = PerPlayer(as_objective(IWAE(2, groups=3)), as_objective(IWAE(6)))
        >>> turn.players, turn.sample_shape
        (('inference', 'generation'), (6,))
    """

    inference: Objective
    generation: Objective

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The larger of both."""
        return max((self.inference.sample_shape, self.generation.sample_shape), key=prod)

    @property
    def players(self) -> tuple[str, ...]:
        """Inference and generation."""
        return (INFERENCE, GENERATION)

    @property
    def settled(self) -> float:
        """When both are final."""
        return max(self.inference.settled, self.generation.settled)

    @property
    def per_example(self) -> bool:
        """Whether both are."""
        return self.inference.per_example and self.generation.per_example

    @property
    def own_gradient(self) -> bool:
        """Whether both have theirs."""
        return self.inference.own_gradient and self.generation.own_gradient

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """Encoder and posteriors; and what is left."""
        inference = [*vae.encoder.parameters(), *vae.posteriors.parameters()]
        theirs = {id(parameter) for parameter in inference}
        return {INFERENCE: inference, GENERATION: [p for p in vae.parameters() if id(p) not in theirs]}

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Trace x once and return both batch means; the log shows generation's as the loss."""
        trace = vae.trace(x, self.sample_shape, noise=noise)
        by_player: dict[str, Tensor] = {}
        scalars: dict[str, Tensor] = {}
        for player, objective in ((INFERENCE, self.inference), (GENERATION, self.generation)):
            total, terms = objective.value(trace, progress)
            by_player[player] = total.mean()
            scalars |= {f"{player}_{name}": value for name, value in terms.items()}
        return Losses(by_player, {"loss": by_player[GENERATION].detach(), **scalars}, trace)
