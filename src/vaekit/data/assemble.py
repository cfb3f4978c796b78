"""From the parts that a source brings to a data set with train, validation and test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from vaekit.data.encode import encode, encode_factors, encode_labels
from vaekit.data.records import Data, Split
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


@final
@dataclass(frozen=True, eq=False)
class Part:
    """Values, labels and factors as a source stored them, not yet checked.

    Args:
        values: `(N, …)` in any layout and of any type.
        labels: `(N,)` of any type, or None.
        factors: `(N, K)` of any type, or None.
    """

    values: Shaped[np.ndarray, "..."]
    labels: Shaped[np.ndarray, "..."] | None = None
    factors: Shaped[np.ndarray, "..."] | None = None


def assemble(
    name: str,
    parts: Mapping[str, Part],
    levels: int | None,
    options: SplitOptions,
    factor_names: Sequence[str] = (),
) -> Data:
    """Check the parts of a source and carve validation and test, where it lacks them, from its train part.

    Args:
        name: what reports and messages call the source.
        parts: "train", and where the source has them "validation" and "test".
        levels: number of levels, or None to tell from the values.
        options: fractions of the train part to carve, and the seed.
        factor_names: of the factors; without them they are called factor 1, factor 2 …

    Raises:
        UserError: whatever `encode`, `encode_labels`, `encode_factors`, `partition` and `Data` refuse.

    Example:
        >>> data = assemble("noughts", {"train": Part(np.zeros((10, 4, 4), bool))}, None, SplitOptions())
        >>> len(data.train), len(data.validation), len(data.test), data.levels
        (8, 1, 1, 2)
    """
    stored, used = encode(name, {part: given.values for part, given in parts.items()}, levels)
    splits = {
        part: Split(
            values,
            _labels(f"{name} ({part})", parts[part].labels, len(values)),
            factors=_factors(f"{name} ({part})", parts[part].factors, len(values)),
        )
        for part, values in stored.items()
    }
    widths = [split.factors.shape[1] for split in splits.values() if split.factors is not None]
    names = tuple(factor_names) or tuple(f"factor {k}" for k in range(1, max(widths, default=0) + 1))
    missing = [part for part in ("validation", "test") if part not in splits]
    if missing:
        fractions = [options.validation if part == "validation" else options.test for part in missing]
        rest, *carved = partition(name, len(splits["train"]), fractions, options.seed)
        whole = splits["train"]
        splits["train"] = whole.take(rest)
        splits.update({part: whole.take(indices) for part, indices in zip(missing, carved, strict=True)})
    return Data(
        name, splits["train"], splits["validation"], splits["test"], used, None, used, factor_names=names
    )


def part_sizes(name: str, count: int, fractions: Sequence[float]) -> list[int]:
    """Return the sizes of the parts that `partition` makes; the rest of the count is the rest's.

    Raises:
        UserError: fewer examples than parts.

    Example:
        >>> part_sizes("digits", 1797, [0.1, 0.1])
        [180, 180]
    """
    if count <= len(fractions):
        raise UserError(
            f"{name}: {count} examples are too few to divide into {len(fractions) + 1} parts; "
            f"at least {len(fractions) + 1} are needed"
        )
    sizes = [max(1, round(fraction * count)) for fraction in fractions]
    while sum(sizes) >= count:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def partition(
    name: str, count: int, fractions: Sequence[float], seed: int
) -> tuple[Int64[np.ndarray, "M"], ...]:
    """Divide the indices 0 … N−1 by a seeded shuffle into the rest and one part per fraction.

    A part gets the nearest whole number to its fraction of N, but at least 1, and the rest keeps at least 1.

    Args:
        name: what messages call the source.
        count: the number N of examples.
        fractions: one per part, each in (0, 1), of sum below 1.
        seed: seed of the shuffle.

    Returns:
        The rest, then the parts; together every index once.

    Raises:
        UserError: fewer examples than parts.

    Example:
        >>> [len(part) for part in partition("digits", 1797, [0.1, 0.1], seed=0)]
        [1437, 180, 180]
    """
    sizes = part_sizes(name, count, fractions)
    order = np.random.default_rng(seed).permutation(count).astype(np.int64)
    *parts, rest = np.split(order, np.cumsum(sizes))
    return rest, *parts


def _labels(
    where: str, labels: Shaped[np.ndarray, "..."] | None, count: int
) -> Int64[np.ndarray, "N"] | None:
    return None if labels is None else encode_labels(where, labels, count)


def _factors(
    where: str, factors: Shaped[np.ndarray, "..."] | None, count: int
) -> Float64[np.ndarray, "N K"] | None:
    return None if factors is None else encode_factors(where, factors, count)
