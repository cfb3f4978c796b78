"""Distributions whose draws are functions of uniform numbers, so that `Noise` can draw from them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution


class FromUniforms(Distribution, ABC):
    """A distribution of single values that says what K uniform numbers make of it: a draw.

    Torch's rejection samplers take as many numbers as they need, which makes what an example gets depend on those
    before it; a function of K numbers for each value does not.
    """

    @property
    @abstractmethod
    def uniforms(self) -> int:
        """K, uniform numbers that one value takes."""

    @abstractmethod
    def at_uniforms(self, u: Float[Tensor, "*S K"]) -> Float[Tensor, "*S"]:
        """The draw that uniform numbers in [0, 1) stand for.

        Args:
            u: K numbers for each value, (*sample, *batch, K).
        """

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw by torch's global generator."""
        return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw by torch's global generator, with a gradient where the function has one."""
        like = self.mean
        shape = (*sample_shape, *like.shape, self.uniforms)
        return self.at_uniforms(torch.rand(shape, dtype=like.dtype, device=like.device))
