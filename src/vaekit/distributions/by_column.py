"""Independent columns of a table that do not share a family."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, constraints


@final
class ByColumn(Distribution):
    """Π_g p_g(x_g): groups of columns, each with a distribution of single values of its own.

    Its batch shape counts columns, as that of torch's families does: make it one of rows by `Independent(_, 1)`.

    Args:
        groups: the distribution of each group, batch shape (*batch, D_g).
        columns: which columns each group is; together every one of 0 … D−1 once.

    Example:
        >>> from torch.distributions import Normal
        >>> a, b = (Normal(torch.full((5, 2), m), 1.0, validate_args=False) for m in (0.0, 9.0))
        >>> ByColumn((a, b), ((0, 3), (1, 2))).mean[0]
        tensor([0., 9., 9., 0.])
    """

    has_rsample = False

    def __init__(self, groups: tuple[Distribution, ...], columns: tuple[tuple[int, ...], ...]) -> None:
        self.groups = groups
        self.columns = columns
        self._order = [column for own in columns for column in own]
        lead = groups[0].batch_shape[:-1]
        super().__init__(torch.Size((*lead, len(self._order))), validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None that are checked."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """That of the groups, told apart by column."""
        places = {column: group.support for group, own in self._pairs() for column in own}
        return constraints.cat([places[column] for column in range(len(places))], -1, [1] * len(places))

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """The mean of each column."""
        return self.joined([group.mean for group in self.groups])

    def _pairs(self) -> list[tuple[Distribution, tuple[int, ...]]]:
        return list(zip(self.groups, self.columns, strict=True))

    def joined(self, parts: Sequence[Tensor]) -> Float[Tensor, "*batch D"]:
        """Put values of the groups, (*batch, D_g) each, in the order of the columns."""
        places = sorted(range(len(self._order)), key=self._order.__getitem__)
        return columns_of(torch.cat(list(parts), -1), places)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "ByColumn":
        """The same with a larger batch shape, of which the last number is that of the columns."""
        lead = tuple(batch_shape[:-1])
        wider = tuple(group.expand(torch.Size((*lead, len(own)))) for group, own in self._pairs())
        return ByColumn(wider, self.columns)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return the log-density, or log-mass, of each column, nats."""
        parts = [group.log_prob(columns_of(value, own)) for group, own in self._pairs()]
        return self.joined(parts)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw by torch's global generator."""
        return self.joined([group.sample(torch.Size(sample_shape)) for group in self.groups])


def columns_of(values: Float[Tensor, "*S D"], columns: Sequence[int]) -> Float[Tensor, "*S K"]:
    """Some columns, in this order; no index is sent to a device, so that a step can be captured.

    Example:
        >>> columns_of(torch.tensor([[1.0, 2.0, 3.0]]), (2, 0))
        tensor([[3., 1.]])
    """
    start, count = columns[0], len(columns)
    if list(columns) == list(range(start, start + count)):
        return values.narrow(-1, start, count)
    return torch.stack([values.select(-1, column) for column in columns], -1)
