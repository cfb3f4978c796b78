"""A mixture of logistic distributions rounded to the grid of quantised data."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Categorical, Distribution, constraints
from torch.distributions.utils import broadcast_all

from vaekit.distributions.logistic import DiscretisedLogistic


@final
class DiscretisedLogisticMixture(Distribution):
    """P(x) = Σ_m π_m P_m(x) with π = softmax(logits), each P_m a discretised logistic on the same grid.

    The mixture axis is the last one of the parameters; `log_prob` is the logarithm of a mass.

    Args:
        logits: log π up to a constant, (*batch, M).
        mean: μ of each logistic before rounding, (*batch, M), in the units of x.
        log_scale: log s of each, (*batch, M), s in the units of x.
        levels: L ≥ 2.
        validate_args: check arguments as torch does, at the price of a host synchronisation.

    Source: Salimans et al. 2017 (PixelCNN++), eqs. 1 and 2.

    Example:
        >>> pixels = DiscretisedLogisticMixture(torch.zeros(4, 2), torch.rand(4, 2), torch.zeros(4, 2), 256)
        >>> pixels.batch_shape, pixels.log_prob(torch.zeros(7, 4)).shape
        (torch.Size([4]), torch.Size([7, 4]))
    """

    has_rsample = False

    def __init__(
        self,
        logits: Float[Tensor, "*#batch"],
        mean: Float[Tensor, "*#batch"],
        log_scale: Float[Tensor, "*#batch"],
        levels: int,
        validate_args: bool = False,
    ) -> None:
        self.logits, self.centres, self.log_scales = broadcast_all(logits, mean, log_scale)
        self.levels = levels
        super().__init__(self.logits.shape[:-1], validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """The parameters' domains: all real, the mixture axis being no batch axis."""
        vector = constraints.real_vector
        return {"logits": vector, "centres": vector, "log_scales": vector}

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval, which holds the grid."""
        return constraints.unit_interval

    @property
    def components(self) -> DiscretisedLogistic:
        """The M logistics, batch shape (*batch, M)."""
        return DiscretisedLogistic(self.centres, self.log_scales, self.levels)

    @property
    def location(self) -> Float[Tensor, "..."]:
        """Σ_m π_m μ_m clamped to [0, 1]: cheap, and close to the mean where every s is small."""
        return (self.logits.softmax(-1) * self.centres).sum(-1).clamp(0, 1)

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """Σ_m π_m E_m[x], the true expectation over the levels.

        It lays out M(L − 1) numbers for every number it returns; `location` is the cheap approximation.
        """
        return (self.logits.softmax(-1) * self.components.mean).sum(-1)

    def expand(self, batch_shape: Sequence[int], _instance: None = None) -> Distribution:
        """Broadcast the batch to a larger shape without copying."""
        shape = torch.Size((*batch_shape, self.logits.shape[-1]))
        logits, centres, log_scales = (
            parameter.expand(shape) for parameter in (self.logits, self.centres, self.log_scales)
        )
        return DiscretisedLogisticMixture(logits, centres, log_scales, self.levels, self._validate_args)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Pick a component by π and draw from it; shape (*sample_shape, *batch_shape)."""
        shape = self._extended_shape(torch.Size(sample_shape))
        pick = Categorical(logits=self.logits, validate_args=False).sample(torch.Size(sample_shape))[
            ..., None
        ]
        centre, log_scale = (
            parameter.expand(*shape, -1).gather(-1, pick).squeeze(-1)
            for parameter in (self.centres, self.log_scales)
        )
        return DiscretisedLogistic(centre, log_scale, self.levels).sample()

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Give the log mass of the cell of `value` in nats, unsummed."""
        if self._validate_args:
            self._validate_sample(value)
        return (self.logits.log_softmax(-1) + self.components.log_prob(value[..., None])).logsumexp(-1)
