"""What the columns of an opened data set hold: pictures with labels and attributes, or a table of numbers."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Features, Image, Value
from jaxtyping import Shaped, UInt8

from vaekit.data.assemble import Part, assemble
from vaekit.data.folders import first
from vaekit.data.hosted import Opened, OpenedPart, reading
from vaekit.data.listing import Entry, Listing
from vaekit.data.records import Data, SplitName
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import stamp_of
from vaekit.errors import UserError

PICTURES = ("image", "img", "picture", "photo", "png", "jpg", "jpeg")
LABELS = ("label", "labels", "target", "targets", "class", "y")
_NUMBER = re.compile(r"u?int\d+|float\d+|bool")
_INDEX = re.compile(r"__index_level_\d+__")  # what pandas adds


@final
@dataclass(frozen=True)
class _Labels:
    """The classes of the rows.

    Args:
        column: where they stand, or None.
        parts: index of the class of each row, by part; None for a part where a row has none.
        names: of the classes.
        notes: what a person should know about them.
    """

    column: str | None
    parts: dict[SplitName, list[int] | None]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_columns(
    opened: Opened, levels: int | None, options: SplitOptions, report: Callable[[str], None]
) -> Listing | Data:
    """Return a listing where a column holds pictures, else all columns of numbers as one table.

    Pictures are taken from a column of type Image, else of bytes and path, else of bytes under a name as
    `image` or `jpg`; where there are several, from `image`. Labels are a column of type ClassLabel, else of
    whole numbers or words under a name as `label` or `class`. Columns of yes or no are attributes.

    Args:
        opened: the source.
        levels: number of levels of a table; None for floats.
        options: fractions and seed of the parts that a table does not bring itself.
        report: told what a person should know of a table.

    Raises:
        UserError: several columns of pictures, or none and columns that are no numbers.
    """
    with reading(opened.place, "the data are damaged"):
        picture = _picture_column(opened)
        labels = _labels(opened, _label_column(opened.features))
        if picture is None:
            return _table(opened, labels, levels, options, report)
        return _listing(opened, picture, labels)


def _picture_column(opened: Opened) -> str | None:
    features = opened.features
    found = [name for name, feature in features.items() if isinstance(feature, Image)] or [
        name
        for name, feature in features.items()
        if (isinstance(feature, dict) and set(feature) >= {"bytes", "path"})
        or (_type(feature) in ("binary", "large_binary") and name.lower() in PICTURES)
    ]
    if len(found) > 1 and "image" not in found:
        raise UserError(
            f"{opened.name}: each of the columns {', '.join(found)} holds pictures; call the one to take image"
        )
    return "image" if len(found) > 1 else next(iter(found), None)


def _label_column(features: Features) -> str | None:
    classes = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    named = [name for name in features if name.lower() in LABELS]
    plain = [name for name in named if re.fullmatch(r"u?int\d+|(large_)?string", _type(features[name]))]
    return next(iter([name for name in named if name in classes] or classes or plain), None)


def _type(feature: object) -> str:
    return str(feature.dtype) if isinstance(feature, Value) else type(feature).__name__


def _labels(opened: Opened, column: str | None) -> _Labels:
    if column is None:
        return _Labels(None, dict.fromkeys(opened.parts))
    given: dict[SplitName, list[Any]] = {}
    for part, held in opened.parts.items():
        given[part] = held.column(column).to_pylist()
    feature = opened.features[column]
    if isinstance(feature, ClassLabel):
        # Where the classes of a test part are a secret, they are −1.
        classes, names = range(len(feature.names)), tuple(feature.names)
    else:
        classes = sorted({value for values in given.values() for value in values if value is not None})
        names = tuple(map(str, classes))
    index = {value: place for place, value in enumerate(classes)}
    parts: dict[SplitName, list[int] | None] = {
        part: [index[value] for value in values] if index.keys() >= set(values) else None
        for part, values in given.items()
    }
    without = [opened.parts[part].name for part, labels in parts.items() if labels is None]
    if not without:
        return _Labels(column, parts, names)
    note = f"not every row of {', '.join(without)} has a {column}, the labels there are left out"
    return _Labels(column, parts, names if len(without) < len(parts) else (), (note,))


def _listing(opened: Opened, picture: str, labels: _Labels) -> Listing:
    questions, answers = _attributes(opened)
    entries = [
        replace(
            entry,
            label=None if (own := labels.parts[part]) is None else own[row],
            attributes=answers[part][row].tobytes() if questions else None,
        )
        for part, held in opened.parts.items()
        for row, entry in enumerate(_entries(opened, part, held, picture))
    ]
    notes = (*opened.notes, *labels.notes)
    return Listing(opened.name, opened.place, tuple(entries), False, labels.names, questions, notes)


def _entries(opened: Opened, part: SplitName, held: OpenedPart, picture: str) -> Iterator[Entry]:
    """The pictures of a part; those that it only names are files like any other."""
    undecoded = OpenedPart(held.name, held.rows.cast_column(picture, Image(decode=False)))
    content, paths = undecoded.column(picture).flatten()
    named_only = content.is_null().to_numpy()
    # A private name, but the only one for what changes with the data.
    stamp = int.from_bytes(blake2b(held.rows._fingerprint.encode(), digest_size=8).digest(), "big")
    for row in range(len(content)):
        name = f"{held.name} row {row}"
        path = paths[row].as_py() if named_only[row] else None
        if path is None:
            yield Entry(name, partial(_picture, content, row), stamp_of(row, stamp), part)
        else:
            file = opened.folder / path
            yield Entry(name, file, _stamp(file), part)


def _picture(content: pa.ChunkedArray, row: int) -> BytesIO:
    found = content[row].as_py()
    if found is None:
        raise ValueError("there is no picture in this row")
    return BytesIO(found)


def _stamp(file: Path) -> int:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return stamp_of(-1, 0)
    return stamp_of(status.st_size, status.st_mtime_ns)


def _attributes(opened: Opened) -> tuple[tuple[str, ...], dict[SplitName, UInt8[np.ndarray, "_ A"]]]:
    """The columns that say yes or no of every picture: their names, and the answers by part."""
    columns = {
        name: {part: held.column(name) for part, held in opened.parts.items()}
        for name, feature in opened.features.items()
        if _type(feature) == "bool"
    }
    complete = {
        name: parts
        for name, parts in columns.items()
        if all(column.null_count == 0 for column in parts.values())
    }
    answers: dict[SplitName, UInt8[np.ndarray, "_ A"]] = {}
    for part, held in opened.parts.items():
        answers[part] = np.empty((len(held.rows), len(complete)), np.uint8)
        for place, parts in enumerate(complete.values()):
            answers[part][:, place] = parts[part].to_numpy()
    return tuple(complete), answers


def _table(
    opened: Opened, labels: _Labels, levels: int | None, options: SplitOptions, report: Callable[[str], None]
) -> Data:
    features = opened.features
    columns = [name for name in features if name != labels.column and not _INDEX.fullmatch(name)]
    others = [name for name in columns if not _NUMBER.fullmatch(_type(features[name]))]
    if not columns:
        raise UserError(f"{opened.name} has labels ({labels.column}), but neither pictures nor numbers")
    if others:
        found = first([f"{name} ({_type(features[name])})" for name in others])
        raise UserError(
            f"{opened.name} has no column of pictures, and is no table of numbers for {found}: "
            "call the column of pictures image, or leave out the columns that are no numbers"
        )
    for note in (*opened.notes, *labels.notes):
        report(f"note: {opened.name}: {note}")
    beside = f", and {labels.column} for labels" if labels.column else ""
    report(f"{opened.name}: a table of {len(columns):,} columns: {first(columns)}{beside}")
    parts = {
        str(part): Part(
            _numbers(held, columns, levels),
            None if (own := labels.parts[part]) is None else np.array(own, np.int64),
        )
        for part, held in opened.parts.items()
    }
    return replace(assemble(opened.name, parts, levels, options), label_names=labels.names)


def _numbers(held: OpenedPart, columns: Sequence[str], levels: int | None) -> Shaped[np.ndarray, "N D"]:
    """Columns side by side; whole numbers become floats unless their number of levels is known."""
    values = np.column_stack([held.column(name).to_numpy() for name in columns])
    return values.astype(np.float32) if levels is None and values.dtype.kind != "f" else values
