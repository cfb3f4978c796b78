"""Examples that lie in several files, perhaps on several disks, as one array that is read on demand."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Int, Int64, Shaped

from vaekit.data.packs.npy import HEADER_BYTES, check, mapped
from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class Part:
    """The rows of one file that belong to a part of the data.

    Args:
        path: the file.
        total: number of rows in the file.
        start: the first that belongs to the part.
        rows: how many do.
    """

    path: Path
    total: int
    start: int
    rows: int


@final
class Shards:
    """Stored values of a part, file after file; a file is opened when one of its rows is asked for.

    Slices are read, single rows and arrays of rows come from a mapping.

    Args:
        parts: the files in their order.
        example: shape of one example.
        dtype: of the values.

    Raises:
        UserError: when a row is asked for whose file is missing or damaged.
    """

    def __init__(self, parts: tuple[Part, ...], example: tuple[int, ...], dtype: np.dtype) -> None:
        self.parts = parts
        self.dtype = dtype
        self.lengths = tuple(part.rows for part in parts)
        self.shape = (sum(self.lengths), *example)
        self.ndim = len(self.shape)
        self._stops = np.cumsum(self.lengths)
        self._mapped: dict[int, Shaped[np.ndarray, "N ..."]] = {}

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Shards({len(self.parts)} files, {'×'.join(map(str, self.shape))} of {self.dtype.name})"

    def __array__(
        self, dtype: np.dtype | None = None, copy: bool | None = None
    ) -> Shaped[np.ndarray, "N ..."]:
        """All of them, in memory."""
        if copy is False:
            raise ValueError("shards cannot become an array without a copy")
        return self[:] if dtype is None else self[:].astype(dtype)

    def open(self, shard: int) -> Shaped[np.ndarray, "N ..."]:
        """The part's rows of one file, mapped."""
        part = self.parts[shard]
        if shard not in self._mapped:
            whole = mapped(part.path, (part.total, *self.shape[1:]), self.dtype)
            self._mapped[shard] = whole[part.start : part.start + part.rows]
        return self._mapped[shard]

    def check(self) -> None:
        """Check the files that are there, without reading them."""
        for part in self.parts:
            if part.path.exists():
                check(part.path, (part.total, *self.shape[1:]), self.dtype)

    def __getitem__(
        self, index: int | slice | Int[np.integer, ""] | Int[np.ndarray, "M"]
    ) -> Shaped[np.ndarray, "..."]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return self._gathered(np.arange(start, stop, step))
            return self._read(start, max(start, stop))
        if isinstance(index, np.ndarray):
            return self._gathered(np.where(index < 0, index + len(self), index))
        place = range(len(self))[int(index)]
        shard = int(np.searchsorted(self._stops, place, "right"))
        return self.open(shard)[place - int(self._stops[shard]) + self.lengths[shard]]

    def _read(self, start: int, stop: int) -> Shaped[np.ndarray, "M ..."]:
        values = np.empty((stop - start, *self.shape[1:]), self.dtype)
        size = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        for part, end in zip(self.parts, self._stops.tolist(), strict=True):
            first, last = max(start, end - part.rows), min(stop, end)
            if first >= last:
                continue
            check(part.path, (part.total, *self.shape[1:]), self.dtype)
            # Read, not mapped: whoever passes over everything once shall not hold everything.
            place = HEADER_BYTES + (part.start + first - end + part.rows) * size
            _fill(values[first - start : last - start], part.path, place)
        return values

    def _gathered(self, indices: Int[np.ndarray, "M"]) -> Shaped[np.ndarray, "M ..."]:
        if indices.size and not (indices.min() >= 0 and indices.max() < len(self)):
            raise IndexError(f"rows outside 0 … {len(self) - 1}")
        values = np.empty((len(indices), *self.shape[1:]), self.dtype)
        shards = np.searchsorted(self._stops, indices, "right")
        for shard in np.unique(shards).tolist():
            own = np.flatnonzero(shards == shard)
            first = int(self._stops[shard]) - self.lengths[shard]
            values[own] = self.open(shard)[indices[own] - first]
        return values


def _fill(values: Shaped[np.ndarray, "M ..."], path: Path, place: int) -> None:
    """Read values from a place of a file, all of them."""
    try:
        with path.open("rb") as file:
            file.seek(place)
            count = file.readinto(values.view(np.uint8).data)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    if count < values.nbytes:
        raise UserError(f"{path} was cut short while it was read; pack the data again with vaekit pack")


def rows_of(shard: int, shards: int, start: int, stop: int) -> tuple[int, int]:
    """First row and end, within a shard, of the rows from start to stop dealt out in turn.

    Example:
        >>> [rows_of(shard, 3, 2, 9) for shard in range(3)]
        [(1, 3), (1, 3), (0, 3)]
    """
    first, last = (max(0, -(-(edge - shard) // shards)) for edge in (start, stop))
    return first, last


def dealt(start: int, stop: int, shards: int) -> Int64[np.ndarray, "M"]:
    """The rows from start to stop in logical order: those of shard 0, then those of shard 1 …

    Example:
        >>> dealt(2, 9, 3).tolist()
        [3, 6, 4, 7, 2, 5, 8]
    """
    count = max(1, shards)
    rows = [np.arange(start + (shard - start) % count, stop, count, dtype=np.int64) for shard in range(count)]
    return np.concatenate(rows)
