"""The likelihood of what was observed, for data with missing values."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.core import Adaptive, Likelihood, Measure
from vaekit.distributions import observed_only
from vaekit.errors import CapabilityError
from vaekit.spec import DataSpec


@final
class ObservedOnly(Likelihood):
    """p(x_obs | h) = Π over observed values of p(x_d | h); a missing value of x is NaN.

    Args:
        whole: the likelihood of complete examples, whose values are independent given h.
        spec: of the data.

    Raises:
        CapabilityError: if values are not independent given h, or a part is solved from complete examples.

    Source: Mattei & Frellsen 2019, https://arxiv.org/abs/1812.02633, equation 2: ∫ p(x_obs, x_mis | z) dx_mis.

    Example:
        >>> from vaekit.likelihoods import FixedScale, GaussianLikelihood
        >>> whole = GaussianLikelihood((2,), FixedScale(1.0))
        >>> p = ObservedOnly(whole, DataSpec((2,), None))(torch.zeros(1, 2))
        >>> p.log_prob(torch.tensor([[0.0, torch.nan]]))
        tensor([-0.9189])
    """

    def __init__(self, whole: Likelihood, spec: DataSpec) -> None:
        super().__init__()
        if isinstance(whole, Adaptive):
            raise CapabilityError(
                "a scale that is solved in closed form needs complete examples: use --sigma learned, per_dimension "
                "or a number"
            )
        self.whole = whole
        with torch.no_grad():
            observed_only(whole(torch.zeros(1, *whole.outputs(spec.shape))))

    @property
    def measure(self) -> Measure:
        """As of complete examples."""
        return self.whole.measure

    @property
    def parameters_per_value(self) -> int:
        """As of complete examples."""
        return self.whole.parameters_per_value

    def outputs(self, shape: Sequence[int]) -> tuple[int, ...]:
        """As of complete examples."""
        return self.whole.outputs(shape)

    def forward(self, h: Tensor) -> Independent:
        """Return the distribution of all values, whose log p is that of the observed ones."""
        return observed_only(self.whole(h))

    def centre(self, distribution: Distribution) -> Tensor:
        """As of complete examples."""
        if isinstance(distribution, Independent):
            inner = Independent(
                distribution.base_dist.base, distribution.reinterpreted_batch_ndims, validate_args=False
            )
            return self.whole.centre(inner)
        return self.whole.centre(distribution)
