"""What the columns of a table hold: as people write it, as it can be seen, and whether the values agree."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from jaxtyping import Float

from vaekit.errors import UserError, nearest
from vaekit.spec import Column, ColumnKind

KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)
_WRITTEN = re.compile(r"(?:(?P<name>[^=]+)=)?(?P<kind>[a-z]+)(?::(?P<categories>\d+))?(?:\*(?P<times>\d+))?")


def columns_written(text: str, count: int) -> tuple[Column, ...]:
    """Read what each column holds.

    Args:
        text: one kind for each column, with commas between: real, positive, count, binary or categorical:K, perhaps
            with NAME= before it, or *N behind it for N columns in turn.
        count: how many columns there are.

    Raises:
        UserError: an unknown kind, a missing number of categories, or kinds for more or fewer columns.

    Example:
        >>> [column.written for column in columns_written("age=positive, real*2, categorical:5", 4)]
        ['age=positive', 'real', 'real', 'categorical:5']
        >>> columns_written("real,counts", 2)
        Traceback (most recent call last):
        vaekit.errors.UserError: no column holds counts; did you mean count?
    """
    columns: list[Column] = []
    for piece in text.split(","):
        found = _WRITTEN.fullmatch(piece.strip())
        kind = piece.strip() if found is None else found["kind"]
        if found is None or kind not in KINDS:
            raise UserError(f"no column holds {kind}; {nearest(kind, KINDS)}")
        categories = None if found["categories"] is None else int(found["categories"])
        column = Column(KINDS[KINDS.index(kind)], categories, (found["name"] or "").strip())
        columns += [column] * int(found["times"] or 1)
    if len(columns) != count:
        raise UserError(
            f"--columns tells of {len(columns)} columns, but the table has {count}: write a kind for each, and "
            "real*3 for three real ones in turn"
        )
    return tuple(columns)


def columns_seen(values: Float[np.ndarray, "N D"]) -> tuple[Column, ...]:
    """Guess with care: 0 and 1 alone are binary, other whole numbers of at least 0 counts, all else is real.

    Codes of categories look like counts, and positive numbers like real ones: those must be told.

    Example:
        >>> table = np.array([[0.0, 3.0, -1.5], [1.0, 0.0, 2.0]])
        >>> [column.kind for column in columns_seen(table)]
        ['binary', 'count', 'real']
    """
    whole = is_whole(values).all(0)
    binary = whole & (_present(values, 0.0) <= 1).all(0)
    both = zip(np.atleast_1d(binary), np.atleast_1d(whole), strict=True)
    kinds: list[ColumnKind] = ["binary" if two else "count" if counts else "real" for two, counts in both]
    return tuple(Column(kind) for kind in kinds)


def check_columns(where: str, values: Float[np.ndarray, "N D"], columns: Sequence[Column]) -> None:
    """Make sure that the values are of the kinds that were told; what is missing (NaN) is of any kind.

    Raises:
        UserError: naming the first column with a value of another kind.
    """
    whole = is_whole(values)
    for place, column in enumerate(columns):
        x, is_count = _present(values[:, place], 1.0), whole[:, place]
        right, wanted = np.ones(len(x), bool), ""
        if column.kind == "positive":
            right, wanted = x > 0, "numbers above 0"
        elif column.kind == "count":
            right, wanted = is_count, "whole numbers of at least 0"
        elif column.kind in ("binary", "categorical"):
            most = 1 if column.categories is None else column.categories - 1
            right, wanted = (
                is_count & (x <= most),
                "0 or 1" if most == 1 else f"whole numbers from 0 to {most}",
            )
        if not right.all():
            named = f" ({column.name})" if column.name else ""
            odd = x[int(right.argmin())]
            raise UserError(
                f"{where}: column {place}{named} was told to be {column.kind}, which takes {wanted}, but row "
                f"{int(right.argmin())} holds {odd:.6g}"
            )


def with_moments(columns: Sequence[Column], values: Float[np.ndarray, "N D"]) -> tuple[Column, ...]:
    """Columns with mean and standard deviation over these values, in the form in which models see them.

    Example:
        >>> table = np.array([[1.0, 0.0], [3.0, 1.0]])
        >>> [(column.mean, column.std) for column in with_moments((Column("real"), Column("binary")), table)]
        [(2.0, 1.0), (0.0, 1.0)]
    """
    return tuple(_measured(column, values[:, place]) for place, column in enumerate(columns))


def is_whole(values: Float[np.ndarray, "..."]) -> np.ndarray:
    """Where values are whole numbers of at least 0; a missing one may be."""
    present = _present(values, 0.0)
    return (present >= 0) & (present == np.floor(present))


def _measured(column: Column, values: Float[np.ndarray, "N"]) -> Column:
    if column.kind in ("binary", "categorical"):
        return column
    x = values[~np.isnan(values)].astype(np.float64)
    seen = np.log(x) if column.kind == "positive" else np.log1p(x) if column.kind == "count" else x
    if not len(seen):
        return column
    # A column that never changes has a deviation of 0, and must not be blown up where it changes later.
    deviation = float(seen.std())
    return replace(column, mean=float(seen.mean()), std=deviation if deviation > 1e-9 else 1.0)


def _present(values: Float[np.ndarray, "..."], instead: float) -> Float[np.ndarray, "..."]:
    return np.where(np.isnan(values), instead, values)
