"""A density on [0, 1] for grey pixels."""

from collections.abc import Sequence
from typing import Literal, final

from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.core import Likelihood
from vaekit.distributions import ContinuousBernoulli


@final
class ContinuousBernoulliLikelihood(Likelihood):
    """p(x | h) = CB(λ = sigmoid(h)) for each value: what Bernoulli cross-entropy on grey pixels should have been.

    Args:
        shape: of one example.

    Source: Loaiza-Ganem & Cunningham 2019, https://arxiv.org/abs/1907.06845.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.event_ndim = len(shape)

    @property
    def measure(self) -> Literal["density", "mass"]:
        """A density on [0, 1]."""
        return "density"

    @property
    def parameters_per_value(self) -> int:
        """One output, logit λ."""
        return 1

    def forward(self, h: Tensor) -> Independent:
        """Return CB(sigmoid(h))."""
        return Independent(ContinuousBernoulli(h), self.event_ndim, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        """The mean, which is not λ."""
        return distribution.mean
