"""Folders of pictures as a data set: listed, decoded once into the cache, and divided."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vaekit.data.decode import quietly
from vaekit.data.listing import Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.building import building, install
from vaekit.data.packs.cache import REMEDY, cache_root
from vaekit.data.packs.locking import locked
from vaekit.data.packs.pack import Pack, open_pack
from vaekit.data.packs.pictures import LEVELS, Pictures, readable
from vaekit.data.packs.provenance import file_stem
from vaekit.data.records import Data, Known, Split, SplitName
from vaekit.data.rows import Rows, parts_of
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

_Report = Callable[[str], None]


def load_listing(listing: Listing, options: PictureOptions, split: SplitOptions, report: _Report) -> Data:
    """Return the pictures of a listing, from the cache or decoded into it.

    Args:
        listing: what one source lists, or several joined.
        options: how pictures are made to fit.
        split: fractions and seed of the parts that no source brings itself.
        report: told what a person should know, and how the decoding goes.

    Raises:
        UserError: no picture that can be read, too many that cannot, pictures smaller than the crop, tables
            that do not match, or no room in the cache.
    """
    for note in listing.notes:
        report(f"note: {listing.name}: {note}")
    pictures = Pictures(listing, split, options)
    with quietly():
        pack = _cached(pictures, report)
    told = pack.description
    rows = parts_of(listing, readable(pictures.rows, told.unreadable), split)
    splits = _splits(pack, rows)
    parts = (splits["train"], splits["validation"], splits["test"])
    return Data(
        listing.name,
        *parts,
        LEVELS,
        None,
        LEVELS,
        options.flip is not False,
        listing.label_names,
        listing.attribute_names,
        tuple((each.place, each.reason) for each in told.unreadable),
        told.transform,
        _known(pack, splits, rows),
    )


def as_table(unreadable: Sequence[tuple[str, str]]) -> str:
    """Paths and reasons as the text of a .csv file.

    Example:
        >>> as_table([("a.png", "cut, short")])
        'path,reason\\r\\na.png,"cut, short"\\r\\n'
    """
    table = io.StringIO()
    csv.writer(table).writerows([("path", "reason"), *unreadable])
    # A name on disk need not be valid UTF-8.
    return table.getvalue().encode("utf-8", "backslashreplace").decode()


def _cached(pictures: Pictures, report: _Report) -> Pack:
    """The entry of the cache, made if need be."""
    root, count = cache_root(), len(pictures.rows)
    stem = f"{file_stem(pictures.listing.name)}-{pictures.source}"
    pictures.settle(pack for folder in sorted(root.glob(f"{stem}-*")) if (pack := _opened(folder, count)))
    while True:
        pack = _entry(pictures, root / f"{stem}-{pictures.key.transform}", report)
        if pack is not None:
            return pack


def _entry(pictures: Pictures, target: Path, report: _Report) -> Pack | None:
    """An entry, opened or built; None where building it showed that another transform suits."""
    pack = _current(pictures, target)
    if pack is None:
        plan = pictures.plan(0, REMEDY)
        with locked(target, plan, report):
            pack = _current(pictures, target)  # another process may have been faster
            if pack is None:
                report(f"decoding {plan.entries:,} pictures into the cache {target}")
                with building(target, plan) as build:
                    if not pictures.fill(build, report):
                        return None
                    pictures.complete(build, sheet=False)
                    install(build.folder, target)
                return open_pack(target)
    pictures.check(pack.description.unreadable, report)
    return None if pictures.reconsider(pack.description.unreadable) else pack


def _current(pictures: Pictures, target: Path) -> Pack | None:
    """An entry that holds everything that can be read today."""
    pack = _opened(target, len(pictures.rows))
    return None if pack is None or pictures.mended(pack.description) else pack


def _opened(folder: Path, count: int) -> Pack | None:
    """An entry of so many files; None where there is none, or a damaged one."""
    if not folder.is_dir():
        return None
    try:
        pack = open_pack(folder)
    except UserError:
        return None
    told = pack.description
    sound = told.listed == count and all(0 <= each.row < count for each in told.unreadable)
    return pack if sound else None


def _splits(pack: Pack, rows: Mapping[SplitName, Rows]) -> dict[str, Split]:
    """The parts as the source has them today: labels and attributes may have changed since."""
    values, names = pack.values(), pack.names()
    return {
        part: Split(
            values[own.start : own.stop],
            own.labels,
            None if names is None else names[own.start : own.stop],
            own.index,
            own.attributes,
        )
        for part, own in rows.items()
    }


def _known(pack: Pack, splits: Mapping[str, Split], rows: Mapping[SplitName, Rows]) -> Known | None:
    """What was computed when the entry was made, where it holds for these parts."""
    data = pack.data()
    for part, own in rows.items():
        packed = data.split(part)
        same = pack.description.parts[part] == (own.start, own.stop)
        pairs = ((own.labels, packed.labels), (own.attributes, packed.attributes))
        if not same or not all(_equal(ours, theirs) for ours, theirs in pairs):
            return None
    parts = (splits["train"], splits["validation"], splits["test"])
    return None if data.known is None else replace(data.known, parts=parts)


def _equal(ours: np.ndarray | None, theirs: np.ndarray | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return np.array_equal(ours, theirs)
