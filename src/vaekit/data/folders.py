"""Folders of pictures as people keep them: flat, one folder per class, or train, val and test apart."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import final

from vaekit.data.listing import Entry, Listing
from vaekit.data.records import SplitName
from vaekit.data.walk import File, is_picture, walk
from vaekit.errors import UserError

PARTS: dict[str, SplitName] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
SHOWN = 3


def list_folder(folder: Path) -> Listing:
    """List the pictures below a folder, and tell parts and classes by the folders they lie in.

    A single folder around everything is looked through. With train/ and val/ (valid/, validation/) or test/
    in it, these are the parts, and what lies elsewhere is left out. Within a part, or without parts, the
    topmost folders are classes where every picture of the part lies in one and there are at least two.

    Raises:
        UserError: test or validation pictures without train.
    """
    files = list(walk(folder))
    pictures = [file for file in files if is_picture(os.path.basename(file.name))]
    notes = [_ignored([file.name for file in files if not is_picture(os.path.basename(file.name))])]
    found = _in_parts([_Found(file, PurePosixPath(file.name).parts) for file in pictures])
    outside = [item.file.name for item in found if item.split is None]
    if outside:
        notes.append(f"{_count(outside)} outside train, val and test left out: {first(outside)}")
    inside = [item for item in found if item.split is not None]
    classes, without = _classes(inside)
    if without:
        notes.append(
            f"not every picture of {', '.join(without)} lies in the folder of a class: no labels there"
        )
    entries = tuple(
        Entry(
            item.file.name,
            item.file.path,
            (item.file.size, item.file.modified),
            item.split or "train",
            classes.index(item.inner[0]) if classes and item.split not in without else None,
        )
        for item in inside
    )
    place = folder.resolve()
    return Listing(place.name, str(place), entries, False, classes, (), tuple(filter(None, notes)))


def first(names: Sequence[str]) -> str:
    """The first few names, for a message.

    Example:
        >>> first(["a", "b", "c", "d"]), first(["a"])
        ('a, b, c …', 'a')
    """
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


@final
@dataclass(frozen=True)
class _Found:
    """A picture, and the folders and the name that are left to interpret."""

    file: File
    inner: tuple[str, ...]
    split: SplitName | None = "train"


def _in_parts(found: Sequence[_Found]) -> list[_Found]:
    """Tell the part of every picture; None for those that lie outside the folders of the parts."""
    while len({item.inner[0] for item in found}) == 1 and len(found[0].inner) > 1:
        if _part(found[0]) not in (None, "train"):
            raise UserError(f"all pictures lie in {found[0].inner[0]}/, and there is no train/ beside it")
        found = [_Found(item.file, item.inner[1:]) for item in found]
    parts = {_part(item) for item in found} - {None}
    if len(parts) < 2:
        return list(found)
    if "train" not in parts:
        raise UserError("there are folders of test and validation pictures, but no train/ beside them")
    return [_Found(item.file, item.inner[1 if _part(item) else 0 :], _part(item)) for item in found]


def _part(item: _Found) -> SplitName | None:
    return PARTS.get(item.inner[0].lower()) if len(item.inner) > 1 else None


def _classes(found: Sequence[_Found]) -> tuple[tuple[str, ...], list[SplitName]]:
    """The names of the classes, and the parts that have none although others, or their own folders, name some."""
    beside: set[SplitName | None] = {item.split for item in found if len(item.inner) < 2}
    without: list[SplitName] = [part for part in dict.fromkeys(PARTS.values()) if part in beside]
    names = {item.inner[0] for item in found if len(item.inner) > 1}
    if len(names) < 2:
        return (), []
    labelled = sorted({item.inner[0] for item in found if item.split not in without})
    return (tuple(labelled) if len(labelled) > 1 else ()), without


def _ignored(names: Sequence[str]) -> str:
    return f"{_count(names)} that are no pictures ignored: {first(names)}" if names else ""


def _count(names: Sequence[str]) -> str:
    return f"{len(names):,} file{'s' if len(names) > 1 else ''}"
