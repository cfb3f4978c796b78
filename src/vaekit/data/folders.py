"""Folders of pictures as people keep them: flat, one folder per class, or train, val and test apart."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from vaekit.data.listing import Entry, Folder, Listing
from vaekit.data.records import SplitName
from vaekit.data.walk import is_picture, walk
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
    place, root = folder.resolve(), Folder(str(folder))
    found: list[Entry] = []
    ignored, outside = _Some(), _Some()
    for file in walk(folder):
        if is_picture(os.path.basename(file.name)):
            found.append(Entry(file.name, root, file.stamp))
        else:
            ignored.add(file.name)
    notes = [f"{ignored.count} that are no pictures ignored: {ignored}"] if ignored.number else []
    division = _divide(found)
    labelled = _classes(found, division)
    if division.parted or labelled.places:
        # Each takes the place of the one before, so that no picture is held twice.
        for number, entry in enumerate(found):
            split = division.split(entry)
            if split is None:
                outside.add(entry.name)
                continue
            label = labelled.label(division.inner(entry), split)
            found[number - outside.number] = replace(entry, split=split, label=label)
        del found[len(found) - outside.number :]
    if outside.number:
        notes.append(f"{outside.count} outside train, val and test left out: {outside}")
    if labelled.without:
        notes.append(
            f"not every picture of {', '.join(labelled.without)} lies in the folder of a class: no labels there"
        )
    return Listing(place.name, str(place), tuple(found), False, labelled.names, (), tuple(notes))


def first(names: Sequence[str]) -> str:
    """The first few names, for a message.

    Example:
        >>> first(["a", "b", "c", "d"]), first(["a"])
        ('a, b, c …', 'a')
    """
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


@final
class _Some:
    """How many there were, and the first few."""

    def __init__(self) -> None:
        self.number = 0
        self.first: list[str] = []

    def add(self, name: str) -> None:
        self.number += 1
        if len(self.first) <= SHOWN:
            self.first.append(name)

    def __str__(self) -> str:
        return first(self.first)

    @property
    def count(self) -> str:
        return f"{self.number:,} file{'s' if self.number > 1 else ''}"


@final
@dataclass(frozen=True)
class _Division:
    """How the folders of pictures tell their parts.

    Args:
        depth: number of folders around everything.
        parted: whether the next folder names the part.
    """

    depth: int
    parted: bool = False

    def split(self, entry: Entry) -> SplitName | None:
        """The part of a picture; None for one that lies outside the folders of the parts."""
        return _part(self._below(entry)) if self.parted else "train"

    def inner(self, entry: Entry) -> list[str]:
        """The folders and the name that are left to interpret."""
        below = self._below(entry)
        return below[1:] if self.parted and _part(below) else below

    def _below(self, entry: Entry) -> list[str]:
        return entry.name.split("/")[self.depth :]


def _divide(pictures: Sequence[Entry]) -> _Division:
    """Look through the folders around everything, and tell whether those below are parts."""
    depth = 0
    while pictures and (top := _only_folder(pictures, depth)) is not None:
        if PARTS.get(top.lower()) not in (None, "train"):
            raise UserError(f"all pictures lie in {top}/, and there is no train/ beside it")
        depth += 1
    parts = {_part(entry.name.split("/")[depth:]) for entry in pictures} - {None}
    if len(parts) < 2:
        return _Division(depth)
    if "train" not in parts:
        raise UserError("there are folders of test and validation pictures, but no train/ beside them")
    return _Division(depth, True)


def _only_folder(pictures: Sequence[Entry], depth: int) -> str | None:
    """The one folder at a depth in which everything lies."""
    prefix = pictures[0].name.split("/")[: depth + 1]
    start = "/".join(prefix) + "/"
    return prefix[-1] if all(entry.name.startswith(start) for entry in pictures) else None


def _part(below: Sequence[str]) -> SplitName | None:
    return PARTS.get(below[0].lower()) if len(below) > 1 else None


@final
@dataclass(frozen=True)
class _Labels:
    """The names of the classes, and the parts that have none although others, or their own folders, name some."""

    places: dict[str, int]
    without: tuple[SplitName, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.places)

    def label(self, inner: Sequence[str], split: SplitName) -> int | None:
        return self.places[inner[0]] if self.places and split not in self.without else None


def _classes(pictures: Sequence[Entry], division: _Division) -> _Labels:
    beside: set[SplitName] = set()
    by_part: dict[SplitName, set[str]] = {}
    for entry in pictures:
        split = division.split(entry)
        if split is None:
            continue
        inner = division.inner(entry)
        if len(inner) > 1:
            by_part.setdefault(split, set()).add(inner[0])
        else:
            beside.add(split)
    if len(set[str]().union(*by_part.values())) < 2:
        return _Labels({})
    without: tuple[SplitName, ...] = tuple(part for part in dict.fromkeys(PARTS.values()) if part in beside)
    named = sorted({name for part, names in by_part.items() if part not in without for name in names})
    return _Labels({name: place for place, name in enumerate(named)} if len(named) > 1 else {}, without)
