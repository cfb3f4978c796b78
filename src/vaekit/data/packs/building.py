"""A pack in the making: rows appended in order, and a journal of how far it is."""

import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, final

import numpy as np
from jaxtyping import Shaped

from vaekit.data.packs.cache import free_bytes
from vaekit.data.packs.description import values_name
from vaekit.data.packs.npy import HEADER_BYTES, header
from vaekit.data.packs.shards import rows_of
from vaekit.errors import UserError

JOURNAL = "journal"
SECONDS_BETWEEN_ENTRIES = 2.0
BUILDING, OLD = ".building-", ".replaced"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@final
@dataclass(frozen=True)
class Plan:
    """What is to be built.

    Args:
        entries: number of examples if none is unreadable.
        shape: of one example.
        dtype: of its values.
        shards: number of files, 0 for one without a number.
        held_out: number of examples that are stored a second time, about.
        tag: what decides the rows; a build of another tag is another build.
        unit: what an example is called.
        remedy: what to do where there is no room.
    """

    entries: int
    shape: tuple[int, ...]
    dtype: np.dtype
    shards: int
    held_out: int
    tag: str
    unit: str
    remedy: str

    @property
    def row_bytes(self) -> int:
        """Of one example."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def bytes_needed(self) -> int:
        """For the values, if every example can be read."""
        return max(1, self.shards) * HEADER_BYTES + (self.entries + self.held_out) * self.row_bytes

    def too_full(self, folder: Path, free: int) -> str:
        """What to say where there is no room."""
        return (
            f"{self.entries:,} {self.unit} need {self.bytes_needed:,} bytes in {folder}, where {free:,} are "
            f"free: make room, or {self.remedy}"
        )


@final
class ResumableError(UserError):
    """A refusal that more room or other options mend; what is built already is kept."""


@final
class Build:
    """The files of a pack that is being built.

    Args:
        folder: holds them, perhaps already some of them.
        plan: of what is built.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.done = 0
        self.bad: list[tuple[int, str]] = []
        self._files: list[IO[bytes]] = []
        self._noted = 0
        self._written = 0.0
        folder.mkdir(exist_ok=True)
        journal = folder / JOURNAL
        self._journal = journal.open("r+b" if journal.exists() else "w+b")
        try:
            self._open()
        except OSError:
            self.close()
            if not self.done:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    @property
    def rows(self) -> int:
        """Number of examples stored."""
        return self.done - len(self.bad)

    def append(self, values: Shaped[np.ndarray, "K ..."], bad: Sequence[tuple[int, str]] = ()) -> None:
        """Append examples, and note those between them that could not be read: which entry, and why."""
        first, count = self.rows, len(self._files)
        for shard, file in enumerate(self._files):
            own = values[(shard - first) % count :: count]
            if len(own):
                file.write(np.ascontiguousarray(own).data)
        self.done += len(values) + len(bad)
        self.bad += bad
        self._noted += len(bad)
        if time.monotonic() - self._written >= SECONDS_BETWEEN_ENTRIES:
            self.save()

    def save(self) -> None:
        """See the rows onto the disk, then write into the journal that they are there; nothing once closed."""
        if self._journal.closed:
            return
        for file in self._files:
            _settle(file)
        recent = self.bad[len(self.bad) - self._noted :]
        self._journal.write(json.dumps([self.done, recent]).encode() + b"\n")
        self._noted = 0
        _settle(self._journal)
        self._written = time.monotonic()

    def finish(self) -> None:
        """Put the number of rows into the headers."""
        self.save()
        for shard, file in enumerate(self._files):
            first, stop = rows_of(shard, len(self._files), 0, self.rows)
            file.seek(0)
            file.write(header((stop - first, *self.plan.shape), self.plan.dtype))
            _settle(file)
        self.close()

    def close(self) -> None:
        """Close all files; what is not in the journal is lost."""
        for file in [*self._files, self._journal]:
            with suppress(OSError):  # a full disk again, of rows that are lost anyway
                file.close()

    def _open(self) -> None:
        count = max(1, self.plan.shards)
        paths = [self.folder / values_name(shard, self.plan.shards) for shard in range(count)]
        sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        kept = self._read(sizes)
        self._journal.truncate(kept)
        self._journal.seek(kept)
        for shard, path in enumerate(paths):
            file = path.open("r+b" if path.exists() else "w+b")
            self._files.append(file)
            first, stop = rows_of(shard, count, 0, self.rows)
            file.write(header((0, *self.plan.shape), self.plan.dtype))
            file.truncate(HEADER_BYTES + (stop - first) * self.plan.row_bytes)
            file.seek(0, os.SEEK_END)

    def _read(self, sizes: Sequence[int]) -> int:
        """Take over what the journal says is done, and return how many of its bytes hold."""
        kept = 0
        for line in self._journal.read().splitlines(keepends=True):
            try:
                found, noted = json.loads(line)
                done, bad = int(found), [(int(place), str(reason)) for place, reason in noted]
                rows = done - len(self.bad) - len(bad)
            except (ValueError, TypeError):
                break
            spans = [rows_of(shard, len(sizes), 0, rows) for shard in range(len(sizes))]
            stored = all(
                size >= HEADER_BYTES + (stop - first) * self.plan.row_bytes
                for size, (first, stop) in zip(sizes, spans, strict=True)
            )
            if not line.endswith(b"\n") or not self.done <= done <= self.plan.entries or not stored:
                break
            self.done, kept = done, kept + len(line)
            self.bad += bad
        return kept


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def building(target: Path, plan: Plan) -> Iterator[Build]:
    """Give the files of a pack that shall come to lie at a target; an interrupted build goes on.

    The lock of the target must be held. What an error leaves that a person must mend is removed; what an
    interruption leaves is kept, also where the disk is too full to go on.

    Raises:
        UserError: a full disk, or a folder that cannot be written.
    """
    folder = target.parent / f".{target.name}{BUILDING}{plan.tag}"
    try:
        build = _opened(folder, target, plan)
    except OSError as error:
        raise _failure(target, plan, error) from error
    resumed = build.done > 0
    try:
        yield build
    except (KeyboardInterrupt, BrokenPipeError, ResumableError):  # a pipe of who reads the reports
        with suppress(OSError):
            build.save()
        raise
    except OSError as error:
        build.close()
        if not (resumed and error.errno in _FULL):
            shutil.rmtree(folder, ignore_errors=True)
        raise _failure(target, plan, error) from error
    except UserError:
        build.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        build.close()


def _opened(folder: Path, target: Path, plan: Plan) -> Build:
    written = sum(file.stat().st_size for file in folder.iterdir()) if folder.is_dir() else 0
    free = free_bytes(target.parent)
    if free + written < plan.bytes_needed:
        raise UserError(plan.too_full(target.parent, free))
    return Build(folder, plan)


def _failure(target: Path, plan: Plan, error: OSError) -> UserError:
    if error.errno in _FULL:
        return UserError(plan.too_full(target.parent, free_bytes(target.parent)))
    return UserError(unwritable(target, plan, error))


def unwritable(target: Path, plan: Plan, error: OSError) -> str:
    """What to say where a place cannot be written."""
    return f"cannot write {target}: {error.strerror or error}; {plan.remedy}"


def install(folder: Path, target: Path) -> None:
    """Put a finished folder in the place of whatever lies at the target."""
    # A name of its own: what a network disk keeps of an earlier one shall not be in the way.
    old = target.parent / f".{target.name}{OLD}-{time.time_ns()}"
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(folder, target)
    except OSError:
        with suppress(OSError):
            os.rename(old, target)
        raise
    # Not before: without it, a build that was stopped here would begin again.
    (target / JOURNAL).unlink(missing_ok=True)
    with suppress(OSError):
        _settle_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _settle_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # it opens no folders
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
