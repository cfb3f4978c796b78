"""A table whose columns are told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vaekit.data.kinds import check_columns, columns_seen, columns_written
from vaekit.data.records import Data, Split
from vaekit.errors import UserError

AUTO = "auto"


def with_columns(data: Data, told: str, report: Callable[[str], None] = lambda line: None) -> Data:
    """The same table with what its columns hold; whole numbers are stored as floats.

    Args:
        data: a table without levels, or of whole numbers.
        told: a kind for each column, or "auto": 0 and 1 alone are binary, other whole numbers counts, all else real.
        report: told what was guessed.

    Raises:
        UserError: images, binarised data, columns that do not fit the table, or values of another kind.

    Example:
        >>> part = Split(np.array([[0.5, 2.0], [0.1, 0.0], [-1.0, 7.0]], np.float32))
        >>> data = with_columns(Data("tiny", part, part, part, None, None, None), "auto")
        >>> [column.kind for column in data.spec.columns]
        ['real', 'count']
    """
    if data.train.values.ndim != 2 or data.binarise is not None:
        raise UserError(f"{data.name}: only tables have columns of different kinds; leave --columns out")
    train, validation, test = (_as_floats(part) for part in (data.train, data.validation, data.test))
    table = replace(data, train=train, validation=validation, test=test, levels=None, stored_levels=None)
    if told == AUTO:
        columns = columns_seen(train.array)
        counted = Counter(column.kind for column in columns)
        report(
            f"{data.name}: columns look like {', '.join(f'{n} {kind}' for kind, n in counted.items())}; codes of "
            "categories look like counts: say --columns yourself where there are any"
        )
    else:
        columns = columns_written(told, train.array.shape[1])
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        check_columns(f"{data.name} ({name})", part.array, columns)
    return replace(table, columns=columns)


def _as_floats(part: Split) -> Split:
    return replace(part, values=part.array.astype(np.float32))
