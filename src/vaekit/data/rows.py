"""In which rows the pictures of a source are stored, so that every part is one slice of the array."""

import hashlib
from collections.abc import Sequence
from typing import get_args

import numpy as np
from jaxtyping import Int64, UInt8

from vaekit.data.assemble import part_sizes
from vaekit.data.listing import Entry, Listing
from vaekit.data.records import Split, SplitName
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

PARTS: tuple[SplitName, ...] = get_args(SplitName)
_GIVEN: tuple[SplitName, ...] = ("test", "validation")


def in_rows(listing: Listing, options: SplitOptions) -> list[Entry]:
    """Order the entries: test, validation, train; within a part as the source lists them.

    A train part that must give something to validation or test is ordered by a hash of seed and name, and
    its first entries are given away: so no entry's place depends on which others turn out to be unreadable.
    """
    divided = len(_own(listing.entries)) < len(PARTS)
    return sorted(
        listing.entries,
        key=lambda entry: (
            -PARTS.index(entry.split),
            _hash(options.seed, entry.name) if divided and entry.split == "train" else b"",
        ),
    )


def parts_of(
    listing: Listing, rows: Sequence[Entry], values: UInt8[np.ndarray, "N C H W"], options: SplitOptions
) -> dict[SplitName, Split]:
    """Cut rows of decoded pictures into train, validation and test.

    Args:
        listing: of the source.
        rows: the readable entries in the order of `in_rows`.
        values: their pixels.
        options: fractions of what the source does not bring itself.

    Raises:
        UserError: a part of which nothing is readable, or too few pictures to divide.
    """
    own = {part: [entry for entry in rows if entry.split == part] for part in _own(listing.entries)}
    for part, entries in own.items():
        if not entries:
            raise UserError(f"{listing.name}: no picture of the {part} part can be read; mend or remove them")
    missing: list[SplitName] = [part for part in _GIVEN if part not in own]
    fractions = [options.test if part == "test" else options.validation for part in missing]
    carved = part_sizes(listing.name, len(own["train"]), fractions)
    sizes = {part: len(entries) for part, entries in own.items()} | dict(zip(missing, carved, strict=True))
    sizes["train"] -= sum(carved)
    # The given parts come first, then what was carved from train, then train.
    order: list[SplitName] = [*(part for part in _GIVEN if part in own), *missing, "train"]
    stops = np.cumsum([sizes[part] for part in order]).tolist()
    places = _places(listing, rows)
    return {
        part: _split(rows[stop - sizes[part] : stop], values[stop - sizes[part] : stop], places)
        for part, stop in zip(order, stops, strict=True)
    }


def _own(entries: Sequence[Entry]) -> set[SplitName]:
    found: set[SplitName] = {entry.split for entry in entries}
    if "train" not in found:
        raise UserError("the source holds no pictures to train on")
    return found


def _hash(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _places(listing: Listing, rows: Sequence[Entry]) -> dict[str, int]:
    """Where each readable entry stands among those of its part, as the source lists them."""
    readable, count = {entry.name for entry in rows}, dict.fromkeys(PARTS, 0)
    places: dict[str, int] = {}
    for entry in listing.entries:
        if entry.name in readable:
            places[entry.name] = count[entry.split]
            count[entry.split] += 1
    return places


def _split(rows: Sequence[Entry], values: UInt8[np.ndarray, "N C H W"], places: dict[str, int]) -> Split:
    return Split(
        values,
        _labels(rows),
        tuple(entry.name for entry in rows),
        np.array([places[entry.name] for entry in rows], np.int64),
        _attributes(rows),
    )


def _labels(rows: Sequence[Entry]) -> Int64[np.ndarray, "N"] | None:
    labels = [entry.label for entry in rows if entry.label is not None]
    return np.array(labels, np.int64) if len(labels) == len(rows) else None


def _attributes(rows: Sequence[Entry]) -> UInt8[np.ndarray, "N A"] | None:
    answers = [entry.attributes for entry in rows if entry.attributes]
    if len(answers) < len(rows):
        return None
    return np.frombuffer(b"".join(answers), np.uint8).reshape(len(rows), -1).copy()
