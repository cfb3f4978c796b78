"""Which files of a folder are pictures; light enough for the command line to import at start-up."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

_JPEG = (".jpg", ".jpeg", ".jfif")
_PPM = (".ppm", ".pgm", ".pbm", ".pnm")
SUFFIXES = frozenset((*_JPEG, *_PPM, ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"))
_RUN, _OF_RUNS = "config.yaml", ("checkpoints", "model.safetensors")
JOINT = " + "
"""Stands between the sources where several are taken at once."""


@final
@dataclass(frozen=True, slots=True)
class File:
    """A file as a folder lists it.

    Args:
        name: its path relative to the folder, with "/" between.
        path: its path.
        size: bytes; −1 where the link leads nowhere.
        modified: nanoseconds since 1970.
    """

    name: str
    path: Path
    size: int
    modified: int


def is_picture(name: str) -> bool:
    """Whether a file of that name is taken for a picture: by its suffix, unless it is hidden.

    Example:
        >>> is_picture("cat.JPG"), is_picture(".cat.jpg"), is_picture("notes.txt")
        (True, False, False)
    """
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def sources_in(source: str) -> list[str]:
    """The sources that one name stands for: several where " + " joins them.

    Example:
        >>> sources_in("celeba + celeba-half")
        ['celeba', 'celeba-half']
    """
    if JOINT not in source or os.path.exists(os.path.expanduser(source)):
        return [source]
    return [part.strip() for part in source.split(JOINT)]


def is_pictures(source: str) -> bool:
    """Whether a source is a folder of pictures, or several of them; stops at the first picture found.

    Example:
        >>> is_pictures("digits")
        False
    """
    try:
        return all(_holds_pictures(Path(part).expanduser()) for part in sources_in(source))
    except (OSError, RuntimeError):
        return False


def _holds_pictures(folder: Path) -> bool:
    if not folder.is_dir() or _holds_idx(folder):
        return False
    return any(is_picture(os.path.basename(file.name)) for file in walk(folder))


def _holds_idx(folder: Path) -> bool:
    return any(True for place in (folder, folder / "raw") for _ in place.glob("train-images?idx3-ubyte*"))


def walk(folder: Path) -> Iterator[File]:
    """Yield the regular files below a folder, sorted within each; links are followed, no folder twice.

    Hidden folders are passed over, and so are runs: whoever trains in the folder of the pictures has them there.
    """
    seen: set[tuple[int, int]] = set()

    def inside(place: Path, prefix: str) -> Iterator[File]:
        status = place.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(place) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        if prefix and _is_run({entry.name for entry in listed}):
            return
        for entry in listed:
            name = prefix + entry.name
            if not _is_folder(entry):
                if (file := _file(name, entry)) is not None:
                    yield file
            elif not entry.name.startswith((".", "__MACOSX")):
                yield from inside(Path(entry.path), name + "/")

    yield from inside(folder, "")


def _is_run(names: set[str]) -> bool:
    return _RUN in names and not names.isdisjoint(_OF_RUNS)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself


def _file(name: str, entry: "os.DirEntry[str]") -> File | None:
    try:
        status = entry.stat()
    except OSError:
        return File(name, Path(entry.path), -1, 0)
    # Reading from anything else, a named pipe for instance, could wait for ever.
    if not stat.S_ISREG(status.st_mode):
        return None
    return File(name, Path(entry.path), status.st_size, status.st_mtime_ns)
