"""In which rows the pictures of a source are stored, so that every part is one slice of the array."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final, get_args

import numpy as np
from jaxtyping import Int64, UInt8

from vaekit.data.assemble import part_sizes
from vaekit.data.listing import Entry, Listing
from vaekit.data.records import SplitName
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

PARTS: tuple[SplitName, ...] = get_args(SplitName)
_DIGEST = 16
_GIVEN: tuple[SplitName, ...] = ("test", "validation")
_RANKS: dict[SplitName, int] = {"test": 0, "validation": 1, "train": 2}


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """What one part of the data consists of, but for the pixels.

    Args:
        start: its first row among the readable ones.
        stop: the row behind its last.
        entries: which entries of the listing they are.
        labels: their classes, or None.
        index: where each stands among the readable entries of its part of the source.
        attributes: their answers, or None.
    """

    start: int
    stop: int
    entries: Int64[np.ndarray, "N"]
    labels: Int64[np.ndarray, "N"] | None
    index: Int64[np.ndarray, "N"]
    attributes: UInt8[np.ndarray, "N A"] | None


def in_rows(listing: Listing, options: SplitOptions) -> Int64[np.ndarray, "N"]:
    """Return which entry each row holds: those of test, validation, train; within a part as the source lists them.

    A train part that must give something to validation or test is ordered by a hash of seed and name, and
    its first entries are given away: so no entry's place depends on which others turn out to be unreadable.
    """
    entries = listing.entries
    divided = len(_own(entries)) < len(PARTS)
    ranks = np.fromiter((_rank(entry) for entry in entries), np.uint8, len(entries))
    if not divided:
        return np.argsort(ranks, kind="stable")
    digests = bytearray(_DIGEST * len(entries))
    for place, entry in enumerate(entries):
        if entry.split == "train":
            digests[place * _DIGEST : (place + 1) * _DIGEST] = _hash(options.seed, entry.name)
    high, low = np.frombuffer(digests, ">u8").reshape(-1, 2).T
    return np.lexsort((low, high, ranks))


def parts_of(listing: Listing, rows: Int64[np.ndarray, "N"], options: SplitOptions) -> dict[SplitName, Rows]:
    """Cut rows of readable pictures into train, validation and test.

    Args:
        listing: of the source.
        rows: the readable entries in the order of `in_rows`.
        options: fractions of what the source does not bring itself.

    Raises:
        UserError: a part of which nothing is readable, or too few pictures to divide.
    """
    entries = listing.entries
    present = _own(entries)
    ranks = np.fromiter((_rank(entries[place]) for place in rows), np.uint8, len(rows))
    own = {part: int((ranks == _RANKS[part]).sum()) for part in present}
    for part, count in own.items():
        if not count:
            raise UserError(f"{listing.name}: no picture of the {part} part can be read; mend or remove them")
    missing: list[SplitName] = [part for part in _GIVEN if part not in own]
    fractions = [options.test if part == "test" else options.validation for part in missing]
    carved = part_sizes(listing.name, own["train"], fractions)
    sizes = own | dict(zip(missing, carved, strict=True))
    sizes["train"] -= sum(carved)
    # The given parts come first, then what was carved from train, then train.
    order: list[SplitName] = [*(part for part in _GIVEN if part in own), *missing, "train"]
    stops = np.cumsum([sizes[part] for part in order]).tolist()
    places = _places(rows, ranks)
    return {
        part: _rows(entries, rows, stop - sizes[part], stop, places)
        for part, stop in zip(order, stops, strict=True)
    }


def _rank(entry: Entry) -> int:
    return _RANKS[entry.split]


def _own(entries: Sequence[Entry]) -> set[SplitName]:
    found: set[SplitName] = {entry.split for entry in entries}
    if "train" not in found:
        raise UserError("the source holds no pictures to train on")
    return found


def _hash(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogateescape"), digest_size=_DIGEST).digest()


def _places(rows: Int64[np.ndarray, "N"], ranks: UInt8[np.ndarray, "N"]) -> Int64[np.ndarray, "N"]:
    """Where each readable entry stands among those of its part, as the source lists them."""
    places = np.empty(len(rows), np.int64)
    for rank in np.unique(ranks):
        own = np.flatnonzero(ranks == rank)
        places[own[np.argsort(rows[own])]] = np.arange(len(own))
    return places


def _rows(
    entries: Sequence[Entry],
    rows: Int64[np.ndarray, "N"],
    start: int,
    stop: int,
    places: Int64[np.ndarray, "N"],
) -> Rows:
    own = rows[start:stop]
    return Rows(start, stop, own, _labels(entries, own), places[start:stop], _attributes(entries, own))


def _labels(entries: Sequence[Entry], rows: Int64[np.ndarray, "N"]) -> Int64[np.ndarray, "N"] | None:
    found = (-1 if (label := entries[place].label) is None else label for place in rows)
    labels = np.fromiter(found, np.int64, len(rows))
    return None if (labels < 0).any() else labels


def _attributes(entries: Sequence[Entry], rows: Int64[np.ndarray, "N"]) -> UInt8[np.ndarray, "N A"] | None:
    answers = b"".join(entries[place].attributes or b"" for place in rows)
    length = len(entries[rows[0]].attributes or b"")
    if not length or any(not entries[place].attributes for place in rows):
        return None
    return np.frombuffer(answers, np.uint8).reshape(len(rows), length).copy()
