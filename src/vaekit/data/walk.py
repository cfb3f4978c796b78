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
_PACK = "pack.json"
JOINT = " + "
"""Stands between the sources where several are taken at once."""


@final
@dataclass(frozen=True, slots=True)
class File:
    """A file as a folder lists it; small, since there may be millions.

    Args:
        name: its path relative to the folder, with "/" between.
        root: the folder.
        size: bytes; −1 where the link leads nowhere.
        modified: nanoseconds since 1970.
    """

    name: str
    root: str
    size: int
    modified: int

    @property
    def path(self) -> Path:
        """Its path."""
        return Path(self.root, self.name)

    @property
    def stamp(self) -> int:
        """One number that changes with size or time."""
        return stamp_of(self.size, self.modified)


def stamp_of(size: int, modified: int) -> int:
    """One number of 63 bits that changes with size or time of a file.

    Example:
        >>> stamp_of(10, 5) == stamp_of(11, 5), stamp_of(10, 5) == stamp_of(10, 6)
        (False, False)
    """
    return (modified * 1_000_000_007 + size) % 2**63


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
    if not folder.is_dir() or _holds_idx(folder) or holds_pack(folder):
        return False
    with os.scandir(folder) as entries:
        # Most often there is one here, and a million need not be sorted to see it.
        if any(is_picture(entry.name) and entry.is_file() for entry in entries):
            return True
    return any(is_picture(os.path.basename(file.name)) for file in walk(folder))


def _holds_idx(folder: Path) -> bool:
    return any(True for place in (folder, folder / "raw") for _ in place.glob("train-images?idx3-ubyte*"))


def walk(folder: Path) -> Iterator[File]:
    """Yield the regular files below a folder, sorted within each; links are followed, no folder twice.

    Hidden folders are passed over, and so are runs and packs: whoever works in the folder of the pictures has
    them there.
    """
    seen: set[tuple[int, int]] = set()
    root = str(folder)

    def inside(place: str, prefix: str) -> Iterator[File]:
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        names, folders = _listed(place)
        if prefix and _is_ours(place, names):
            return
        for name in names:
            if name not in folders:
                if (file := _file(root, prefix + name)) is not None:
                    yield file
            elif not name.startswith((".", "__MACOSX")):
                yield from inside(os.path.join(place, name), f"{prefix}{name}/")

    yield from inside(root, "")


def _listed(place: str) -> tuple[list[str], set[str]]:
    """The names in a folder, sorted, and which of them are folders."""
    names: list[str] = []
    folders: set[str] = set()
    with os.scandir(place) as entries:
        for entry in entries:
            names.append(entry.name)
            if _is_folder(entry):
                folders.add(entry.name)
    names.sort()
    return names, folders


def _is_ours(place: str, names: list[str]) -> bool:
    """Whether a folder of these names is a run or a pack."""
    found = {_RUN, _PACK, *_OF_RUNS}.intersection(names)
    if _RUN in found and not found.isdisjoint(_OF_RUNS):
        return True
    return _PACK in found and holds_pack(Path(place))


def holds_pack(folder: Path) -> bool:
    """Whether a folder is a pack, sound or not; somebody else's `pack.json` makes none.

    Example:
        >>> holds_pack(Path("nowhere"))
        False
    """
    path = folder / _PACK
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if b"vaekit pack" in file.read(80):
            return True
    return (folder / "values.npy").exists() or any(True for _ in folder.glob("values-*-of-*.npy"))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself


def _file(root: str, name: str) -> File | None:
    try:
        status = os.stat(os.path.join(root, name))
    except OSError:
        return File(name, root, -1, 0)
    # Reading from anything else, a named pipe for instance, could wait for ever.
    if not stat.S_ISREG(status.st_mode):
        return None
    return File(name, root, status.st_size, status.st_mtime_ns)
