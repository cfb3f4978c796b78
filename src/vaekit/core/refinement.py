"""What improves on the encoder's answer for each example, between the encoder and the posteriors."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor
from torch.nn import Module

from vaekit.noise import Noise

Bound = Callable[[Tensor, Noise], Tensor]
"""(features, noise) -> ELBO of each example, (B,) nats, of one draw from the posteriors that see these features."""


class Refinement(Module, ABC):
    """Capability of a model: it changes what the posteriors see of x, by what x would cost.

    What it returns for an example may depend on that example alone, and is the same whenever it is asked, so that
    q(z | x) is one distribution.
    """

    @abstractmethod
    def forward(self, bound: Bound, features: Float[Tensor, "B F"]) -> Float[Tensor, "B F"]:
        """Return the refined features; gradients are on, whatever mode the caller is in.

        Args:
            bound: the ELBO of the examples.
            features: what the encoder says of them; without a gradient where none is wanted of the result.
        """
