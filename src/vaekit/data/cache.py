"""Decoded pictures on disk: made once, opened as one memory-mapped array ever after."""

import errno
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import IO, final
from uuid import uuid4

import numpy as np
from jaxtyping import UInt8

from vaekit.data.listing import Entry
from vaekit.data.transform import Transform
from vaekit.errors import UserError
from vaekit.files import write_text

VERSION = 1
"""Of what an entry holds; changes when the decoder does."""
PIXELS, RECORD, LOCK = "pictures.npy", "record.json", "lock"
HEADER_BYTES = 128
_BUILDING = ".building-"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@final
@dataclass(frozen=True, eq=False)
class Decoded:
    """An entry of the cache.

    Args:
        values: pixels of the readable pictures, mapped from the disk.
        names: theirs, in the same order.
        unreadable: name and reason of the others.
    """

    values: UInt8[np.ndarray, "N C H W"]
    names: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True)
class Facts:
    """What decides the content of an entry.

    Args:
        name: of the source.
        place: where the source lies.
        rows: the pictures in the order in which they are stored.
        transform: how they are made to fit.
    """

    name: str
    place: str
    rows: tuple[Entry, ...]
    transform: Transform

    @property
    def bytes_needed(self) -> int:
        """If every picture can be read."""
        height, width = self.transform.size
        return HEADER_BYTES + len(self.rows) * self.transform.channels * height * width

    @property
    def key(self) -> str:
        """NAME-HASH: changes with every file, its size or time, the order, and the transform."""
        digest = hashlib.sha256(f"{VERSION} {self.place!a} {self.transform}\n".encode())
        for entry in self.rows:
            digest.update(f"{entry.name!a} {entry.split} {entry.stamp}\n".encode())
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name).strip("-.")[:60] or "pictures"
        return f"{stem}-{digest.hexdigest()[:16]}"


def cache_root() -> Path:
    """`$VAEKIT_CACHE`, else `vaekit` in `$XDG_CACHE_HOME` or in `~/.cache`."""
    if own := os.environ.get("VAEKIT_CACHE"):
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path("~/.cache").expanduser()) / "vaekit"


def open_entry(folder: Path, facts: Facts) -> Decoded | None:
    """Open an entry; None where there is none, or a damaged one."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        unreadable = tuple((str(name), str(reason)) for name, reason in record["unreadable"])
        bad = {name for name, _ in unreadable}
        names = tuple(entry.name for entry in facts.rows if entry.name not in bad)
        shape = (facts.transform.channels, *facts.transform.size)
        with (folder / PIXELS).open("rb") as file:
            sound = file.read(HEADER_BYTES) == header(len(names), shape)
            size = os.fstat(file.fileno()).st_size
        if not sound or size != HEADER_BYTES + len(names) * prod(shape) or record["names"] != list(names):
            return None
        # A private mapping: torch would warn of memory that it may not write to.
        values = np.memmap(folder / PIXELS, np.uint8, "c", HEADER_BYTES, (len(names), *shape))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Decoded(values.view(np.ndarray), names, unreadable)


@final
class Writer:
    """Writes the pixels of an entry, one picture after the other."""

    def __init__(self, file: IO[bytes], shape: tuple[int, int, int]) -> None:
        self.file = file
        self.shape = shape
        self.names: list[str] = []
        file.write(header(0, shape))

    def add(self, name: str, pixels: UInt8[np.ndarray, "C H W"]) -> None:
        """Append a picture."""
        self.file.write(pixels.data)
        self.names.append(name)

    def finish(self) -> None:
        """Put the number of pictures into the header and see everything onto the disk."""
        self.file.seek(0)
        self.file.write(header(len(self.names), self.shape))
        self.file.flush()
        os.fsync(self.file.fileno())


def header(count: int, shape: tuple[int, int, int]) -> bytes:
    """The first bytes of a .npy file of format 1.0, as many of them whatever the count.

    Example:
        >>> len(header(0, (3, 64, 64))), len(header(10**9, (3, 64, 64)))
        (128, 128)
    """
    text = repr({"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})
    body = text.ljust(HEADER_BYTES - 11).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


@contextmanager
def building(root: Path, facts: Facts) -> Iterator[tuple[Path, Writer]]:
    """Give a temporary folder beside the entries and a writer of its pixels; removed unless it was installed.

    Raises:
        UserError: a full disk, or a cache that cannot be written.
    """
    temporary: Path | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        free = shutil.disk_usage(root).free
        if free < facts.bytes_needed:
            raise UserError(_too_full(root, facts, free))
        temporary = root / f"{_BUILDING}{uuid4().hex}"
        temporary.mkdir()
        with _held(temporary), (temporary / PIXELS).open("w+b") as file:
            yield temporary, Writer(file, (facts.transform.channels, *facts.transform.size))
    except BrokenPipeError:
        raise  # of who reads the reports
    except OSError as error:
        if error.errno in _FULL:
            raise UserError(_too_full(root, facts, shutil.disk_usage(root).free)) from error
        raise UserError(
            f"cannot write the cache {root}: {error.strerror or error}; set VAEKIT_CACHE to another folder"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def install(
    temporary: Path, facts: Facts, writer: Writer, unreadable: Sequence[tuple[str, str]], target: Path
) -> None:
    """Make a finished temporary folder the entry; keep that of another process where it was faster."""
    writer.finish()
    record = {
        "version": VERSION,
        "source": facts.place,
        "transform": asdict(facts.transform),
        "names": writer.names,
        "unreadable": list(unreadable),
    }
    write_text(temporary / RECORD, json.dumps(record, indent=1))
    (temporary / LOCK).unlink(missing_ok=True)
    for _ in range(3):
        with suppress(OSError):
            os.rename(temporary, target)
            return
        if open_entry(target, facts) is not None:
            return
        # A damaged entry is in the way.
        shutil.rmtree(target, ignore_errors=True)
    os.rename(temporary, target)


def _too_full(root: Path, facts: Facts, free: int) -> str:
    return (
        f"decoding {len(facts.rows):,} pictures needs {facts.bytes_needed:,} bytes in {root}, where "
        f"{free:,} are free: make room, or set VAEKIT_CACHE to a folder on a larger disk"
    )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Mark a folder as being worked on for as long as this process lives."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (folder / f"{LOCK}.new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(folder / f"{LOCK}.new", folder / LOCK)
        yield


def _sweep(root: Path) -> None:
    """Remove what builds left behind that were killed."""
    if sys.platform == "win32":
        return
    import fcntl

    for folder in root.glob(f"{_BUILDING}*"):
        with suppress(OSError), (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
