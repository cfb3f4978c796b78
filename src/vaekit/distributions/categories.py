"""A mass on the L levels of quantised data, or on K categories, with a probability of its own for each."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vaekit.distributions.levels import level_index
from vaekit.distributions.uniforms import FromUniforms


@final
class Levels(FromUniforms):
    """p(x = k/(L−1)) = softmax(logits)_k.

    Args:
        logits: (*batch, L).

    Example:
        >>> three = Levels(torch.tensor([[0.0, 0.0, 0.0]]))
        >>> three.mean, three.log_prob(torch.tensor([1.0])).exp()
        (tensor([0.5000]), tensor([0.3333]))
    """

    has_rsample = False

    def __init__(self, logits: Float[Tensor, "*batch L"]) -> None:
        self.log_probs = logits.log_softmax(-1)
        self.levels = logits.shape[-1]
        super().__init__(logits.shape[:-1], validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """[0, 1], of which it is on the grid."""
        return constraints.unit_interval

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """Σ_k p_k k/(L−1)."""
        return (self.log_probs.exp() * self._places).sum(-1)

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """Σ_k p_k (k/(L−1) − mean)²."""
        return (self.log_probs.exp() * (self._places - self.mean.unsqueeze(-1)).square()).sum(-1)

    @property
    def uniforms(self) -> int:
        """One number for each value."""
        return 1

    @property
    def _places(self) -> Tensor:
        steps = torch.arange(self.levels, dtype=self.log_probs.dtype, device=self.log_probs.device)
        return steps / (self.levels - 1)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Levels":
        """The same with a larger batch shape."""
        return Levels(self.log_probs.expand(*batch_shape, self.levels))

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return the log-mass of the level of value, nats."""
        index = level_index(value, self.levels).long()
        shape = torch.broadcast_shapes(index.shape, self.batch_shape)
        log_probs = self.log_probs.expand(*shape, self.levels)
        return log_probs.gather(-1, index.expand(shape).unsqueeze(-1)).squeeze(-1)

    def at_uniforms(self, u: Float[Tensor, "*S 1"]) -> Float[Tensor, "*S"]:
        """The least level below which less than u lies, k/(L−1)."""
        return _category(self.log_probs, u) / (self.levels - 1)


@final
class Categories(FromUniforms):
    """p(x = k) = softmax(logits)_k for the codes 0 … K−1 of K categories, which have no order.

    A mean of codes means nothing: what stands in its place is the likeliest code.

    Args:
        logits: (*batch, K).

    Example:
        >>> Categories(torch.tensor([[0.0, 2.0, 1.0]])).mean
        tensor([1.])
    """

    has_rsample = False

    def __init__(self, logits: Float[Tensor, "*batch K"]) -> None:
        self.log_probs = logits.log_softmax(-1)
        super().__init__(logits.shape[:-1], validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """The codes."""
        return constraints.integer_interval(0, self.log_probs.shape[-1] - 1)

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """The likeliest code."""
        return self.log_probs.argmax(-1).to(self.log_probs.dtype)

    @property
    def uniforms(self) -> int:
        """One number for each value."""
        return 1

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Categories":
        """The same with a larger batch shape."""
        return Categories(self.log_probs.expand(*batch_shape, self.log_probs.shape[-1]))

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return the log-mass of a code, nats."""
        index = value.detach().round().long().clamp(0, self.log_probs.shape[-1] - 1)
        shape = torch.broadcast_shapes(index.shape, self.batch_shape)
        log_probs = self.log_probs.expand(*shape, self.log_probs.shape[-1])
        return log_probs.gather(-1, index.expand(shape).unsqueeze(-1)).squeeze(-1)

    def at_uniforms(self, u: Float[Tensor, "*S 1"]) -> Float[Tensor, "*S"]:
        """The least code below which less than u lies."""
        return _category(self.log_probs, u)


def _category(log_probs: Tensor, u: Tensor) -> Tensor:
    """The index into probabilities (*batch, K) that uniform numbers (*sample, *batch, 1) stand for."""
    cumulative = log_probs.exp().cumsum(-1)
    index = (u >= cumulative).sum(-1).clamp(max=log_probs.shape[-1] - 1)
    return index.to(log_probs.dtype)
