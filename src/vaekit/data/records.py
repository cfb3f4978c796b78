"""A data set as the rest of the package sees it: three splits of stored values and what they mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal, final

import numpy as np
from jaxtyping import Float, Float32, Float64, Int, Shaped, UInt8

from vaekit.data.kinds import is_whole, with_moments
from vaekit.data.packs.shards import Shards
from vaekit.data.transform import Transform
from vaekit.errors import UserError, nearest
from vaekit.spec import Column, Condition, DataSpec

Binarisation = Literal["dynamic", "fixed"]
SplitName = Literal["train", "validation", "test"]

_CHUNK_VALUES = 2**20  # 8 MiB of float64


@final
@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set, in a fixed order.

    Args:
        values: stored values `(N, *E)`: integers that stand for k/(L−1), or float32; in one array, or in files.
        labels: one whole number per example `(N,)`, or None.
        names: one name per example, the file it came from for instance, or None.
        index: where each example stood in the part of the source it came from; None: in this order.
        attributes: A yes-or-no answers per example `(N, A)`, 1 for yes, or None.
        factors: the K numbers that each example was made from `(N, K)`, or None.

    Raises:
        UserError: labels, names, attributes or factors of another length than values.

    Example:
        >>> len(Split(np.zeros((5, 1, 8, 8), np.uint8)))
        5
    """

    values: Shaped[np.ndarray, "N ..."] | Shards
    labels: Int[np.ndarray, "_"] | None = None
    names: Sequence[str] | None = None
    index: Int[np.ndarray, "N"] | None = None
    attributes: UInt8[np.ndarray, "_ A"] | None = None
    factors: Float64[np.ndarray, "_ K"] | None = None

    def __post_init__(self) -> None:
        for what in ("labels", "names", "index", "attributes", "factors"):
            given = getattr(self, what)
            if given is not None and len(given) != len(self.values):
                raise UserError(f"a split of {len(self.values)} examples has {len(given)} {what}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def array(self) -> Shaped[np.ndarray, "N ..."]:
        """The stored values in one array; those of files are read."""
        return self.values[:] if isinstance(self.values, Shards) else self.values

    @property
    def index_in_source(self) -> Int[np.ndarray, "N"]:
        """Where each example stood in the part of the source it came from."""
        return np.arange(len(self)) if self.index is None else self.index

    def take(self, indices: Int[np.ndarray, "M"]) -> "Split":
        """Return a copy of the examples at these indices, in their order.

        Example:
            >>> Split(np.arange(6).reshape(3, 2)).take(np.array([2, 0])).values.tolist()
            [[4, 5], [0, 1]]
        """
        return Split(
            self.values[indices],
            None if self.labels is None else self.labels[indices],
            None if self.names is None else tuple(self.names[int(index)] for index in indices),
            self.index_in_source[indices],
            None if self.attributes is None else self.attributes[indices],
            None if self.factors is None else self.factors[indices],
        )


@final
@dataclass(frozen=True, eq=False)
class Known:
    """What was computed of data when they were packed, and of which data it holds.

    Args:
        variance: that of `Data.spec`.
        fingerprint: of the content.
        parts: train, validation and test.
        levels: of those data.
    """

    variance: float
    fingerprint: str
    parts: tuple[Split, Split, Split]
    levels: int | None

    def holds(self, data: "Data") -> bool:
        """Whether these are the same data, undrawn."""
        same = all(
            own is other
            for own, other in zip(self.parts, (data.train, data.validation, data.test), strict=True)
        )
        return same and data.binarise is None and data.levels == self.levels


@final
@dataclass(frozen=True, eq=False)
class Data:
    """A data set: three splits, how many levels are stored and how many the model sees.

    Args:
        name: what reports call it.
        train: the examples that gradients may see.
        validation: the examples that choices may see.
        test: the examples that only the final figures may see.
        levels: number of values the model sees a number take: 2 under binarisation, else `stored_levels`.
        binarise: None; "fixed", where `values` already hold the one draw; or "dynamic", where each batch
            draws x ~ Bernoulli(k/(L−1)) afresh from the L stored levels.
        stored_levels: number L of integers a stored value can be, 0 … L−1; None for float32.
        flip: whether training mirrors images left to right, each with probability ½.
        label_names: of the classes 0, 1, 2 …, where the source names them.
        attribute_names: of the columns of the splits' attributes.
        unreadable: path and reason of each file that was left out.
        transform: how pictures in files were made to fit; None for other sources.
        known: what need not be computed anew; dropped where it holds of other data than these.
        factor_names: of the columns of the splits' factors, one for each.
        condition: what models are told of each example.
        columns: of a table of floats, what each holds.

    Raises:
        UserError: levels that contradict each other, splits whose examples differ in shape or type, or factors
            and names of them that do not match.

    Example:
        >>> part = Split(np.array([[0], [2], [1], [1]], np.uint8))
        >>> data = Data("tiny", part, part, part, levels=3, binarise=None, stored_levels=3)
        >>> data.spec
        DataSpec(shape=(1,), levels=3, variance=0.125, examples=4)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    levels: int | None
    binarise: Binarisation | None
    stored_levels: int | None
    flip: bool = False
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    transform: Transform | None = None
    known: Known | None = None
    factor_names: tuple[str, ...] = ()
    condition: Condition | None = None
    columns: tuple[Column, ...] | None = None

    def __post_init__(self) -> None:
        if self.known is not None and not self.known.holds(self):
            object.__setattr__(self, "known", None)  # what `replace` copied
        seen = self.stored_levels if self.binarise is None else 2
        if self.levels != seen or (self.binarise is not None and self.stored_levels is None):
            raise UserError(
                f"{self.name}: levels {self.levels}, binarise {self.binarise} and stored_levels "
                f"{self.stored_levels} contradict each other"
            )
        if self.binarise == "fixed" and self.stored_levels != 2:
            raise UserError(f"{self.name}: a fixed binarisation stores 2 levels, not {self.stored_levels}")
        kinds = {
            (part.values.shape[1:], part.values.dtype) for part in (self.train, self.validation, self.test)
        }
        if len(kinds) > 1:
            raise UserError(f"{self.name}: the examples of the splits differ in shape or type")
        for part in (self.train, self.validation, self.test):
            if part.factors is not None and part.factors.shape[1] != len(self.factor_names):
                raise UserError(
                    f"{self.name}: {part.factors.shape[1]} factors have {len(self.factor_names)} names"
                )

    @cached_property
    def spec(self) -> DataSpec:
        """What a model must know: the shape of one example, the levels it sees, the training variance.

        Without binarisation, and with a fixed one, the variance is the mean over dimensions of Var[x] over
        the training examples; with a dynamic one that of the draws, p̄(1−p̄) with p̄ the mean of k/(L−1).
        Missing values, NaN in a table of floats, do not count.
        """
        values, stored = self.train.values, self.stored_levels
        if self.known is not None:
            variance = self.known.variance
        elif self.binarise == "dynamic":
            mean = _mean(values, stored)
            variance = float((mean * (1 - mean)).mean())
        elif stored is not None:
            variance = _exact_variance(values) / (stored - 1) ** 2
        else:
            variance = float(_spread(values, _mean(values, stored)).mean())
        table = self.train.array if stored is None and len(values.shape) == 2 else None
        return DataSpec(
            values.shape[1:],
            self.levels,
            variance,
            len(self.train),
            condition=self.condition,
            columns=None if self.columns is None or table is None else with_moments(self.columns, table),
            whole=None if table is None else bool(is_whole(table).all()),
            missing=table is not None and any(map(has_missing, (self.train, self.validation, self.test))),
        )

    def split(self, name: str) -> Split:
        """Return the split of that name.

        Args:
            name: "train", "validation" or "test".

        Raises:
            UserError: any other name.
        """
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        if name not in splits:
            raise UserError(f"there is no split {name!r}: {nearest(name, splits)}")
        return splits[name]


def unit(values: Shaped[np.ndarray, "..."], stored_levels: int | None) -> Float32[np.ndarray, "..."]:
    """Map stored values to what they stand for, x = k/(L−1); floats pass.

    Args:
        values: stored integers 0 … L−1, or floats, of any shape.
        stored_levels: L, or None for floats.

    Example:
        >>> unit(np.array([0, 51, 255], np.uint8), 256).tolist()
        [0.0, 0.20000000298023224, 1.0]
    """
    scale = 1 if stored_levels is None else stored_levels - 1
    return values.astype(np.float32) / np.float32(scale)


def chunks(values: Shaped[np.ndarray, "N ..."] | Shards) -> Iterator[slice]:
    """Yield slices over examples that hold about a million values each, so that temporaries stay small.

    Example:
        >>> [(piece.start, piece.stop) for piece in chunks(np.zeros((3, 2**19)))]
        [(0, 2), (2, 4)]
    """
    rows = max(1, _CHUNK_VALUES // max(1, prod(values.shape[1:])))
    for start in range(0, len(values), rows):
        yield slice(start, start + rows)


def has_missing(split: Split) -> bool:
    """Whether any value of a split of floats is NaN, which stands for a missing one.

    Example:
        >>> has_missing(Split(np.array([[1.0, np.nan]], np.float32)))
        True
    """
    return any(bool(np.isnan(split.values[piece]).any()) for piece in chunks(split.values))


def _mean(values: Shaped[np.ndarray, "N *E"] | Shards, stored_levels: int | None) -> Float[np.ndarray, "*E"]:
    """Of the observed values."""
    scale = 1 if stored_levels is None else stored_levels - 1
    total = np.zeros(values.shape[1:])
    for piece in chunks(values):
        total += np.nansum(values[piece], axis=0, dtype=np.float64)
    return total / (_observed(values) * scale)


def _observed(values: Shaped[np.ndarray, "N *E"] | Shards) -> Float[np.ndarray, "*E"] | int:
    """How many values of each dimension there are; at least 1."""
    if values.dtype.kind != "f":
        return len(values)
    count = np.zeros(values.shape[1:])
    for piece in chunks(values):
        count += (~np.isnan(values[piece])).sum(axis=0)
    return np.maximum(count, 1)


def _spread(
    values: Shaped[np.ndarray, "N *E"] | Shards, mean: Float[np.ndarray, "*E"]
) -> Float[np.ndarray, "*E"]:
    total = np.zeros(values.shape[1:])
    # A second pass over centred values: Σx² − N·mean² cancels badly where the mean is large.
    for piece in chunks(values):
        total += np.nansum((values[piece].astype(np.float64) - mean) ** 2, axis=0)
    return total / _observed(values)


def _exact_variance(values: Shaped[np.ndarray, "N *E"] | Shards) -> float:
    """Mean over D dimensions of Var[k], (N·Σk² − Σ_d (Σk)²) / (N²D), in one pass, exact for integers k."""
    total, squares = np.zeros(values.shape[1:]), 0
    for piece in chunks(values):
        k = values[piece].astype(np.float64)
        total += k.sum(axis=0)
        squares += int(np.dot(k.reshape(-1), k.reshape(-1)))  # below 2⁵³, as is every total
    count = len(values)
    difference = count * squares - sum(int(each) ** 2 for each in total.reshape(-1).tolist())
    return difference / (count**2 * total.size)
