"""A density on [0, 1] for grey pixels."""

from collections.abc import Sequence
from typing import final

from torch import Tensor
from torch.distributions import Independent

from vaekit.distributions import ContinuousBernoulli
from vaekit.likelihoods.around_mean import DensityAroundMean


@final
class ContinuousBernoulliLikelihood(DensityAroundMean):
    """p(x | h) = CB(λ = sigmoid(h)) for each value: what Bernoulli cross-entropy on grey pixels should have been.

    Its picture is the mean, which is not λ.

    Args:
        shape: of one example.

    Source: Loaiza-Ganem & Cunningham 2019, https://arxiv.org/abs/1907.06845.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.event_ndim = len(shape)

    def forward(self, h: Tensor) -> Independent:
        """Return CB(sigmoid(h))."""
        return Independent(ContinuousBernoulli(h), self.event_ndim, validate_args=False)
