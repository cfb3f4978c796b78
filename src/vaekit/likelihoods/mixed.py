"""The likelihood of a table whose columns hold different kinds of values."""

from collections.abc import Sequence
from typing import Literal, final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.core import Likelihood, Measure
from vaekit.distributions import (
    ByColumn,
    Categories,
    LogitBernoulli,
    LogNormal,
    NegativeBinomial,
    SharedScaleNormal,
)
from vaekit.errors import CapabilityError
from vaekit.likelihoods.gaussian import LearnedScale
from vaekit.likelihoods.whole_numbers import log_mean_of
from vaekit.spec import Column, ColumnKind, DataSpec

Density = Literal["real", "positive"]
LEAST_COUNT = 1e-3
"""A mean count below which a column's is not taken to start from."""


@final
class MixedLikelihood(Likelihood):
    """p(x | h) = Π_d p_d(x_d | h), each column with the family of its kind.

    real: N(m + s h, σ²), m and s of the training examples, σ learned; positive: log x likewise; count: negative
    binomial, its mean e^{h} times that of the training examples, its concentration learned; binary: Bernoulli of
    sigmoid(h); categorical: softmax over K outputs. Where no column is real or positive log p is a log-mass, else a
    log-density, of which the factors of other columns are masses.

    Args:
        spec: of the data, with columns.

    Raises:
        CapabilityError: if nobody told what the columns hold.

    Source: Nazabal et al. 2020 (HI-VAE), https://arxiv.org/abs/1807.03653, section 3.1; left out: variances that
    the decoder gives for each example, ordinal columns, and the mixture prior.

    Example:
        >>> likelihood = MixedLikelihood(DataSpec((2,), None, columns=(Column("real"), Column("categorical", 3))))
        >>> likelihood.outputs((2,)), likelihood(torch.zeros(5, 4)).mean.shape
        ((4,), torch.Size([5, 2]))
    """

    means: Tensor
    spreads: Tensor

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        if spec.columns is None:
            raise CapabilityError(
                "a mixed likelihood must know what each column holds: say --columns real,count,categorical:5 or "
                "--columns auto, or use --likelihood gaussian"
            )
        self.columns = spec.columns
        self.groups = _groups(spec.columns)
        self.register_buffer(
            "means", torch.tensor([column.mean for column in spec.columns]), persistent=False
        )
        self.register_buffer(
            "spreads", torch.tensor([column.std for column in spec.columns]), persistent=False
        )
        scaled = [i for i, (kind, _) in enumerate(self.groups) if kind in ("real", "positive", "count")]
        self.scales = torch.nn.ModuleDict(
            {str(i): LearnedScale(1.0, (len(self.groups[i][1]),)) for i in scaled}
        )

    @property
    def measure(self) -> Measure:
        """A density as soon as one column has one."""
        return "density" if any(column.kind in ("real", "positive") for column in self.columns) else "mass"

    @property
    def parameters_per_value(self) -> int:
        """Those of the column that has most: columns differ, and `outputs` counts them."""
        return max(column.categories or 1 for column in self.columns)

    def outputs(self, shape: Sequence[int]) -> tuple[int, ...]:
        """One output for each column, K for a categorical one."""
        _ = shape
        return (sum(column.categories or 1 for column in self.columns),)

    def forward(self, h: Tensor) -> Independent:
        """Return the product over columns; outputs stand in the order of the groups."""
        sizes = [len(own) * (self.columns[own[0]].categories or 1) for _, own in self.groups]
        parts = [self._family(i, part) for i, part in enumerate(h.split(sizes, -1))]
        base = ByColumn(tuple(parts), tuple(own for _, own in self.groups))
        return Independent(base, 1, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        """The mean of each column, and the likeliest category."""
        return distribution.mean

    def _family(self, i: int, h: Tensor) -> Distribution:
        kind, own = self.groups[i]
        if kind == "binary":
            return LogitBernoulli(logits=h, validate_args=False)
        if kind == "categorical":
            return Categories(h.unsqueeze(-2))
        means = torch.stack([self.means[column] for column in own])
        scale = self.scales[str(i)]()
        if kind == "count":
            return NegativeBinomial(log_mean_of(h + means.expm1().clamp(min=LEAST_COUNT).log()), scale)
        spreads = torch.stack([self.spreads[column] for column in own])
        location = means + spreads * h
        if kind == "positive":
            return LogNormal(location, scale * spreads)
        return SharedScaleNormal(location, scale * spreads)


def _groups(columns: Sequence[Column]) -> list[tuple[ColumnKind, tuple[int, ...]]]:
    """Columns of one kind together; each categorical one by itself, as its categories are its own."""
    kinds: tuple[ColumnKind, ...] = ("real", "positive", "count", "binary")
    places: dict[ColumnKind, tuple[int, ...]] = {
        kind: tuple(i for i, column in enumerate(columns) if column.kind == kind) for kind in kinds
    }
    found: list[tuple[ColumnKind, tuple[int, ...]]] = [(kind, own) for kind, own in places.items() if own]
    for i, column in enumerate(columns):
        if column.kind == "categorical":
            found.append((column.kind, (i,)))
    return found
