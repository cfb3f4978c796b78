"""CelebA as Kaggle and as torchvision lay it out, whole or any subset of it."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vaekit.data.folders import first
from vaekit.data.listing import Entry, Folder, Listing
from vaekit.data.records import SplitName
from vaekit.data.walk import File, is_picture, walk
from vaekit.errors import UserError

IMAGES = "img_align_celeba"
PARTITION = "list_eval_partition"
ATTRIBUTES = "list_attr_celeba"
_PARTS: dict[str, SplitName] = {"0": "train", "1": "validation", "2": "test"}
_SIGNS = {"1": 1, "-1": 0}


def find_celeba(folder: Path) -> Path | None:
    """Return the folder that holds CelebA, the given one or its `celeba/` sub-folder, or None.

    Example:
        >>> find_celeba(Path("nowhere"))
    """
    for place in (folder, folder / "celeba"):
        if (place / IMAGES).is_dir() or _table(place, PARTITION) is not None:
            return place
    return None


def list_celeba(folder: Path) -> Listing:
    """List the images of CelebA with the parts and the attributes that its tables give them.

    The tables are `list_eval_partition` and `list_attr_celeba`, as .csv (Kaggle) or .txt (torchvision); the
    images lie in `img_align_celeba/`, perhaps in a folder of the same name inside it. Without a partition
    all images are train; without attributes they have none.

    Args:
        folder: holds these, or has a `celeba/` sub-folder that does.

    Raises:
        UserError: absent images, or tables that are damaged or do not match.

    Source: Liu et al. 2015, "Deep Learning Face Attributes in the Wild".
    """
    place = find_celeba(folder) or folder
    images = _images(place)
    listed, notes = list(images), []
    partition = _partition(place)
    if partition is not None:
        absent = [name for name in partition if name not in images]
        if absent:
            raise UserError(
                f"{PARTITION} in {place} names {len(absent):,} images that are absent from {IMAGES}: "
                f"{first(absent)}; put them there, or delete their rows"
            )
        listed = list(partition)
        if spare := sorted(images.keys() - partition.keys()):
            notes.append(f"{len(spare):,} images are not named in {PARTITION} and left out: {first(spare)}")
    attributes = _attributes(place, listed)
    root = Folder(next(iter(images.values())).root)
    entries = tuple(
        Entry(
            images[name].name,
            root,
            images[name].stamp,
            "train" if partition is None else partition[name],
            None,
            attributes.rows.get(name),
        )
        for name in listed
    )
    where = folder.resolve()
    return Listing(where.name, str(where), entries, True, (), attributes.names, tuple(notes))


def _images(place: Path) -> dict[str, File]:
    """The images by the name that the tables call them."""
    folder = place / IMAGES
    inner = folder / IMAGES
    if not folder.is_dir():
        raise UserError(f"{place} holds {PARTITION}, but no folder {IMAGES}; put the images there")
    files = walk(inner if inner.is_dir() else folder)
    found = {file.name: file for file in files if is_picture(os.path.basename(file.name))}
    if not found:
        raise UserError(f"{folder} holds no pictures; put the images of CelebA there")
    return found


def _partition(place: Path) -> dict[str, SplitName] | None:
    path = _table(place, PARTITION)
    if path is None:
        return None
    found: dict[str, SplitName] = {}
    for line, (number, row) in enumerate(_rows(path)):
        if line == 0 and path.suffix == ".csv" and row[-1] not in _PARTS:
            continue  # the names of the columns
        if len(row) != 2 or row[1] not in _PARTS:
            raise UserError(f"{path}, line {number}: expected an image and 0, 1 or 2, got {_shown(row)}")
        if row[0] in found:
            raise UserError(f"{path}, line {number}: {row[0]} is named a second time; keep one of its rows")
        found[row[0]] = _PARTS[row[1]]
    if "train" not in found.values():
        raise UserError(f"{path} puts no image into train (0), so there is nothing to learn from")
    return found


@final
@dataclass(frozen=True)
class _Attributes:
    names: tuple[str, ...]
    rows: dict[str, bytes]


def _attributes(place: Path, images: Sequence[str]) -> _Attributes:
    path = _table(place, ATTRIBUTES)
    if path is None:
        return _Attributes((), {})
    rows = _rows(path)
    if path.suffix != ".csv":
        next(rows, None)  # torchvision's first line is the number of rows
    _, header = next(rows, (0, []))
    if path.suffix == ".csv":
        header = header[1:]  # Kaggle's first line names the column of images too
    found: dict[str, bytes] = {}
    count = 0
    for number, (name, *signs) in rows:
        count += 1
        if len(signs) != len(header) or not _SIGNS.keys() >= set(signs):
            raise UserError(
                f"{path}, line {number}: expected an image and {len(header)} times 1 or -1, got "
                f"{_shown([name, *signs])}"
            )
        found[name] = bytes(_SIGNS[sign] for sign in signs)
    missing = [name for name in images if name not in found]
    if count != len(images) or missing:
        lacking = f", and {len(missing):,} images have none: {first(missing)}" if missing else ""
        raise UserError(
            f"{path} has attributes of {count:,} images, but {len(images):,} are listed{lacking}; "
            "keep exactly their rows, or take the file away"
        )
    return _Attributes(tuple(header), found)


def _table(place: Path, stem: str) -> Path | None:
    return next((path for path in (place / f"{stem}.csv", place / f"{stem}.txt") if path.is_file()), None)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers; never all at once, which would fill the memory."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        split = csv.reader(lines) if path.suffix == ".csv" else (line.split() for line in lines)
        yield from ((number, [cell.strip() for cell in row]) for number, row in enumerate(split, 1) if row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read {path}: {error}") from error


def _shown(row: Sequence[str]) -> str:
    return f"{' '.join(row)[:40]!r}"
