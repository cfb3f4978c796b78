"""Where decoded pictures came from: hashes that change with the source, and what changed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import final

import numpy as np
from jaxtyping import Int64, UInt64

from vaekit.data.listing import Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.description import VERSION, Description
from vaekit.data.packs.pack import STAMPS, Pack
from vaekit.data.splits import SplitOptions
from vaekit.data.transform import Transform


@final
@dataclass(frozen=True)
class Key:
    """What decides the pixels of a pack.

    Args:
        source: hash of the listed files, their sizes and times, and their order.
        transform: hash of how they are made to fit.
    """

    source: str
    transform: str

    def __str__(self) -> str:
        return f"{self.source}-{self.transform}"


def source_hash(listing: Listing, rows: Int64[np.ndarray, "N"]) -> str:
    """Changes with every file, its size or time, its part, and the order."""
    digest = hashlib.sha256(f"{VERSION} {listing.place!a} {listing.celeba}\n".encode())
    entries = listing.entries
    for place in rows:
        entry = entries[place]
        digest.update(f"{entry.name!a} {entry.split} {entry.stamp}\n".encode())
    return digest.hexdigest()[:16]


def transform_hash(transform: Transform) -> str:
    """Changes with crop, size and channels."""
    return hashlib.sha256(str(transform).encode()).hexdigest()[:8]


def answers_hash(listing: Listing) -> str:
    """Changes with labels and attributes and their names."""
    digest = hashlib.sha256(f"{listing.label_names!a} {listing.attribute_names!a}\n".encode())
    for entry in listing.entries:
        digest.update(f"{entry.label} ".encode() + (entry.attributes or b"-") + b"\n")
    return digest.hexdigest()[:16]


def file_stem(name: str) -> str:
    """A source's name as a part of file names.

    Example:
        >>> file_stem("My Faces"), file_stem("…")
        ('My-Faces', 'pictures')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "pictures"


def asked_for(
    split: SplitOptions, levels: int | None, pictures: PictureOptions, shards: int
) -> dict[str, object]:
    """The options that decide what a pack holds, as its description keeps them."""
    shape = {"crop": pictures.crop, "image_size": pictures.size, "channels": pictures.channels}
    asked = {
        "split": asdict(split),
        "levels": levels,
        "pictures": shape,
        "flip": pictures.flip,
        "shards": shards,
    }
    return json.loads(json.dumps(asked))


def differences(asked: Mapping[str, object], before: Mapping[str, object]) -> list[str]:
    """What was asked otherwise before, in words.

    Example:
        >>> differences({"shards": 4}, {"shards": 0})
        ['shards 4 instead of 0']
    """
    found: list[str] = []
    for name, value in asked.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            found += differences(value, old)
        elif value != old:
            found.append(f"{name} {_shown(value)} instead of {_shown(old)}")
    return found


def _shown(value: object) -> str:
    return "the default" if value is None else str(value)[:40]


@final
@dataclass(frozen=True)
class Changes:
    """How many files of a source are new, gone and altered since it was packed."""

    new: int
    gone: int
    altered: int

    def __str__(self) -> str:
        found = [("new", self.new), ("gone", self.gone), ("altered", self.altered)]
        return ", ".join(f"{count:,} {word}" for word, count in found if count) or "the same files"


def changes(listing: Listing, pack: Pack) -> Changes:
    """Compare a source with what was packed of it.

    Example:
        >>> str(Changes(3, 0, 1))
        '3 new, 1 altered'
    """
    told = pack.description
    names = pack.names()
    stamps = pack.column(STAMPS).tolist() if names is not None else []
    old = _sorted((*(names or ()), *(each.name for each in told.unreadable)), [*stamps, *_bad_stamps(told)])
    new = _sorted((entry.name for entry in listing.entries), [entry.stamp for entry in listing.entries])
    _, in_old, in_new = np.intersect1d(old.names, new.names, assume_unique=True, return_indices=True)
    altered = int((old.stamps[in_old] != new.stamps[in_new]).sum())
    return Changes(len(new.names) - len(in_new), len(old.names) - len(in_old), altered)


@final
@dataclass(frozen=True, eq=False)
class _Stamped:
    """Hashes of names, and the stamps beside them."""

    names: UInt64[np.ndarray, "N"]
    stamps: Int64[np.ndarray, "N"]


def _sorted(names: Iterable[str], stamps: list[int]) -> _Stamped:
    hashes = b"".join(
        hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest() for name in names
    )
    unique, first = np.unique(np.frombuffer(hashes, np.uint64), return_index=True)
    return _Stamped(unique, np.array(stamps, np.int64)[first])


def _bad_stamps(told: Description) -> list[int]:
    return [each.stamp for each in told.unreadable]
