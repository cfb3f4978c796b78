"""Names of many examples, one file of text mapped into memory instead of a million Python objects."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import final, overload

import numpy as np
from jaxtyping import Int64, UInt8

from vaekit.data.packs.npy import mapped, save
from vaekit.errors import UserError

TEXT, ENDS = "names.txt", "names.npy"


@final
class Names(Sequence[str]):
    """Texts end to end in UTF-8, and where each ends.

    Args:
        text: all bytes.
        ends: end of each name in them.
        start: where the first begins.

    Example:
        >>> names = Names(np.frombuffer(b"onetwothree", np.uint8), np.array([3, 6, 11]))
        >>> names[1], list(names[1:]), names == ("one", "two", "three")
        ('two', ['two', 'three'], True)
    """

    def __init__(self, text: UInt8[np.ndarray, "B"], ends: Int64[np.ndarray, "N"], start: int = 0) -> None:
        self.text = text
        self.ends = ends
        self.start = start

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Names | tuple[str, ...]": ...
    def __getitem__(self, index: int | slice, /) -> "str | Names | tuple[str, ...]":
        if isinstance(index, slice):
            first, stop, step = index.indices(len(self))
            if step != 1:
                return tuple(self[place] for place in range(first, stop, step))
            return Names(self.text, self.ends[first : max(first, stop)], self._start_of(first))
        place = range(len(self))[index]
        raw = self.text[self._start_of(place) : int(self.ends[place])].tobytes()
        # A name on disk need not be valid UTF-8.
        return raw.decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Names | tuple | list):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"Names({len(self):,})"

    def _start_of(self, place: int) -> int:
        return self.start if place == 0 else int(self.ends[place - 1])


def write_names(folder: Path, names: Iterable[str]) -> None:
    """Write names into the folder of a pack."""
    lengths: list[int] = []
    with (folder / TEXT).open("wb") as file:
        for name in names:
            lengths.append(file.write(name.encode("utf-8", "surrogateescape")))
        file.flush()
        os.fsync(file.fileno())
    save(folder / ENDS, np.cumsum(np.array(lengths, np.int64)))


def open_names(folder: Path, count: int) -> Names:
    """Map the names of a pack.

    Raises:
        UserError: files that are missing, cut short or of another count.
    """
    ends = mapped(folder / ENDS, (count,), np.dtype(np.int64))
    path = folder / TEXT
    size = path.stat().st_size if path.is_file() else -1
    if size != ends[-1]:
        found = "missing" if size < 0 else f"of {size:,} bytes instead of {int(ends[-1]):,}"
        raise UserError(f"{path} is {found}; pack the data again with vaekit pack")
    text = np.memmap(path, np.uint8, "r").view(np.ndarray) if size else np.empty(0, np.uint8)
    return Names(text, ends)
