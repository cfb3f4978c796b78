"""The end of packing: everything beside the values, computed from them once and written once."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Int, Int64, UInt8

from vaekit.data.content import computed
from vaekit.data.packs.building import Plan
from vaekit.data.packs.description import FILE, HELD_OUT, PARTS, SHEET, Description, Unreadable
from vaekit.data.packs.names import write_names
from vaekit.data.packs.npy import header, save
from vaekit.data.packs.pack import ATTRIBUTES, INDEX, LABELS, STAMPS, shards_of
from vaekit.data.packs.shards import dealt
from vaekit.data.packs.sheet import write_sheet
from vaekit.data.records import Data, Split, chunks
from vaekit.data.transform import Transform
from vaekit.files import write_text


@final
@dataclass(frozen=True)
class Facts:
    """What a pack says of its source; the fields are those of `Description`."""

    name: str
    source: str
    key: str
    answers: str
    asked: Mapping[str, object]
    transform: Transform | None
    levels: int | None
    flip: bool
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Side:
    """What belongs to the rows of a part beside their values, in the order in which they were stored.

    Args:
        start: first row.
        stop: the row behind the last.
        labels: of the examples, or None.
        names: of the examples, or None.
        index: their places in the source, or None.
        attributes: their answers, or None.
        stamps: of their files, or None.
    """

    start: int
    stop: int
    labels: Int[np.ndarray, "N"] | None = None
    names: Sequence[str] | None = None
    index: Int[np.ndarray, "N"] | None = None
    attributes: UInt8[np.ndarray, "N A"] | None = None
    stamps: Int64[np.ndarray, "N"] | None = None

    def in_shards(self, shards: int) -> "Side":
        """The same in logical order."""
        if not shards:
            return self
        order = dealt(self.start, self.stop, shards) - self.start
        return Side(
            self.start,
            self.stop,
            None if self.labels is None else self.labels[order],
            None if self.names is None else tuple(self.names[int(place)] for place in order),
            None if self.index is None else self.index[order],
            None if self.attributes is None else self.attributes[order],
            None if self.stamps is None else self.stamps[order],
        )


def complete(folder: Path, plan: Plan, facts: Facts, sides: Mapping[str, Side], sheet: bool) -> None:
    """Write what makes a pack of a folder with finished values; `pack.json` is last.

    Args:
        folder: holds the values.
        plan: by which they were written.
        facts: of the source.
        sides: of train, validation and test.
        sheet: whether to draw a contact sheet of images.
    """
    rows = sum(side.stop - side.start for side in sides.values())
    logical = {part: side.in_shards(plan.shards) for part, side in sides.items()}
    placed = sorted(logical.values(), key=lambda side: side.start)
    _write_sides(folder, placed, rows)
    splits = {
        part: Split(
            shards_of(folder, plan.shards, rows, (side.start, side.stop), plan.shape, plan.dtype),
            None if side.labels is None else side.labels.astype(np.int64),
            side.names,
            side.index,
            side.attributes,
        )
        for part, side in logical.items()
    }
    if plan.shards:
        _write_held_out(folder / HELD_OUT, [splits[part] for part in _in_order(sides)[:-1]], plan)
    train, validation, test = (splits[part] for part in PARTS)
    data = Data(facts.name, train, validation, test, facts.levels, None, facts.levels)
    with ThreadPoolExecutor(2) as pool:
        content, spec = pool.submit(computed, data), pool.submit(lambda: data.spec)
    if sheet and data.spec.is_image:
        write_sheet(data, folder / SHEET)
    description = Description(
        name=facts.name,
        source=facts.source,
        key=facts.key,
        answers=facts.answers,
        asked=facts.asked,
        transform=facts.transform,
        levels=facts.levels,
        shape=plan.shape,
        dtype=plan.dtype.str,
        rows=rows,
        shards=plan.shards,
        parts={part: (sides[part].start, sides[part].stop) for part in PARTS},
        names=tuple(part for part in PARTS if sides[part].names is not None),
        labels=tuple(part for part in PARTS if sides[part].labels is not None),
        index=tuple(part for part in PARTS if sides[part].index is not None),
        attributes=tuple(part for part in PARTS if sides[part].attributes is not None),
        label_names=facts.label_names,
        attribute_names=facts.attribute_names,
        unreadable=facts.unreadable,
        flip=facts.flip,
        variance=spec.result().variance,
        fingerprint=content.result(),
    )
    write_text(folder / FILE, description.to_json())


def _in_order(sides: Mapping[str, Side]) -> list[str]:
    return sorted(sides, key=lambda part: sides[part].start)


def _write_sides(folder: Path, placed: Sequence[Side], rows: int) -> None:
    """Write names and small arrays; nothing, or zeros, for a part that has none."""
    if any(side.names is not None for side in placed):
        write_names(
            folder,
            (name for side in placed for name in side.names or [""] * (side.stop - side.start)),
        )
    for file, columns in (
        (LABELS, [side.labels for side in placed]),
        (INDEX, [side.index for side in placed]),
        (STAMPS, [side.stamps for side in placed]),
    ):
        given = [column for column in columns if column is not None]
        if given:
            _write_column(folder / file, columns, placed, np.zeros(rows, np.int64))
    answers = [side.attributes for side in placed]
    widths = [each.shape[1] for each in answers if each is not None]
    if widths:
        _write_column(folder / ATTRIBUTES, answers, placed, np.zeros((rows, widths[0]), np.uint8))


def _write_column(
    path: Path, columns: Sequence[np.ndarray | None], placed: Sequence[Side], whole: np.ndarray
) -> None:
    for column, side in zip(columns, placed, strict=True):
        if column is not None:
            whole[side.start : side.stop] = column
    save(path, whole)


def _write_held_out(path: Path, splits: Sequence[Split], plan: Plan) -> None:
    """Copy validation and test, so that a machine with some of the shards has all of both."""
    count = sum(map(len, splits))
    with path.open("wb") as file:
        file.write(header((count, *plan.shape), plan.dtype))
        for split in splits:
            for piece in chunks(split.values):
                file.write(np.ascontiguousarray(split.values[piece]).data)
        file.flush()
        os.fsync(file.fileno())
