"""The observed values of an example alone: a missing one, NaN, costs nothing."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.distributions import Distribution, Independent, constraints

from vaekit.errors import CapabilityError

HARMLESS = 1.0
"""A value that every family of the package gives a finite log p with a finite gradient; it stands where none is."""


@final
class Observed(Distribution):
    """p of the values that were observed: log p(x) is 0 where x is NaN. Draws and moments are those of all values.

    Args:
        base: a distribution of single values, (*batch).

    Example:
        >>> from torch.distributions import Normal
        >>> p = Observed(Normal(torch.zeros(2), 1.0, validate_args=False))
        >>> p.log_prob(torch.tensor([0.0, torch.nan]))
        tensor([-0.9189,  0.0000])
    """

    has_rsample = False

    def __init__(self, base: Distribution) -> None:
        self.base = base
        super().__init__(base.batch_shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """That of all values."""
        support = self.base.support
        assert isinstance(support, constraints.Constraint)
        return support

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """The mean of every value, observed or not."""
        return self.base.mean

    @property
    def variance(self) -> Float[Tensor, "..."]:
        """The variance of every value, observed or not."""
        return self.base.variance

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Observed":
        """The same with a larger batch shape."""
        return Observed(self.base.expand(torch.Size(batch_shape)))

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p of each value in nats, 0 where it is NaN."""
        seen = ~value.isnan()
        # Not a product with the mask: a NaN that was computed and then left out still has a NaN gradient.
        return torch.where(seen, self.base.log_prob(where_seen(value, seen)), 0.0)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw every value by torch's global generator."""
        return self.base.sample(torch.Size(sample_shape))


def where_seen(value: Float[Tensor, "..."], seen: Bool[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The values, and a harmless one where there is none."""
    return torch.where(seen, value, HARMLESS)


def observed_only(distribution: Distribution) -> Independent:
    """The same distribution of x, whose log p is that of the observed values: the others are integrated out.

    Raises:
        CapabilityError: if its values are not independent given z, so that a sum over some of them is no log p.

    Example:
        >>> from torch.distributions import Normal
        >>> p = Independent(Normal(torch.zeros(5, 3), 1.0, validate_args=False), 1)
        >>> observed_only(p).log_prob(torch.full((5, 3), torch.nan))
        tensor([0., 0., 0., 0., 0.])
    """
    if not isinstance(distribution, Independent) or distribution.base_dist.event_shape:
        raise CapabilityError(
            f"values can be missing only where they are independent given z, and under a "
            f"{type(_inside(distribution)).__name__} they are not: use --likelihood auto, without --sigma dct or haar"
        )
    base = distribution.base_dist
    if isinstance(base, Observed):
        return distribution
    return Independent(Observed(base), distribution.reinterpreted_batch_ndims, validate_args=False)


def _inside(distribution: Distribution) -> Distribution:
    return distribution.base_dist if isinstance(distribution, Independent) else distribution
