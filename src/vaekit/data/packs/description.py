"""What a pack says of itself in `pack.json`; light enough for the command line to import at start-up."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite, prod
from pathlib import Path
from typing import NoReturn, cast, final, get_args

from vaekit.data.options import CROP_NAMES, MOST_SIDE, CropName
from vaekit.data.transform import Transform
from vaekit.data.walk import holds_pack
from vaekit.errors import UserError

VERSION = 1
"""Of the format, and of what the decoder makes of a picture; part of every key."""
FILE, HELD_OUT, SHEET = "pack.json", "held-out.npy", "contact-sheet.png"
MOST_SHARDS = 512
"""All are open while a pack is made."""
PARTS = ("train", "validation", "test")
_TYPES = ("|u1", "<u2", "<f4")
_MOST_BYTES = 2**28
_MOST_VALUES = 2**62


@final
@dataclass(frozen=True)
class Unreadable:
    """A file that was left out.

    Args:
        row: where it would have stood among all files.
        name: its own within the source.
        place: how to call it in a report: its path where it has one.
        reason: why.
        stamp: changes when the file does.
    """

    row: int
    name: str
    place: str
    reason: str
    stamp: int


@final
@dataclass(frozen=True)
class Description:
    """Everything about a pack but its arrays.

    Args:
        name: what reports call the data.
        source: where they came from.
        key: changes with every file of the source, their order and the transform.
        answers: changes with labels and attributes.
        asked: the options it was made with, by their names.
        transform: how pictures in files were made to fit; None for other sources.
        levels: number L of levels of the stored values; None for floats.
        shape: of one example.
        dtype: of the stored values, as numpy writes it.
        rows: number of examples.
        shards: number of files that hold them in turn; 0 for the one file `values.npy`.
        parts: first row and end of train, validation and test, in logical order.
        names: the parts whose examples have names.
        labels: the parts whose examples have labels.
        index: the parts whose examples know their places in the source.
        attributes: the parts whose examples have attributes.
        label_names: of the classes.
        attribute_names: of the columns of attributes.
        unreadable: the files left out.
        flip: whether training mirrors images where nobody says otherwise.
        variance: of the training examples, as `Data.spec` gives it.
        fingerprint: of the content.
    """

    name: str
    source: str
    key: str
    answers: str
    asked: Mapping[str, object]
    transform: Transform | None
    levels: int | None
    shape: tuple[int, ...]
    dtype: str
    rows: int
    shards: int
    parts: Mapping[str, tuple[int, int]]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    index: tuple[str, ...]
    attributes: tuple[str, ...]
    label_names: tuple[str, ...]
    attribute_names: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    flip: bool
    variance: float
    fingerprint: str

    def to_json(self) -> str:
        """The text of `pack.json`."""
        return json.dumps({"format": "vaekit pack", "version": VERSION, **asdict(self)}, indent=1)

    @property
    def listed(self) -> int:
        """Number of examples, and of files of the source that were left out."""
        # A source that is itself a pack passes on what its own source lacked, as row -1.
        return self.rows + sum(each.row >= 0 for each in self.unreadable)

    def count(self, part: str) -> int:
        """Number of examples of a part."""
        start, stop = self.parts[part]
        return stop - start


def values_name(shard: int, shards: int) -> str:
    """The file of a shard, or of all values where there are no shards.

    Example:
        >>> values_name(0, 0), values_name(2, 8)
        ('values.npy', 'values-00002-of-00008.npy')
    """
    return f"values-{shard:05}-of-{shards:05}.npy" if shards else "values.npy"


def is_pack(source: str) -> bool:
    """Whether a source is a folder that holds a pack, sound or not.

    Example:
        >>> is_pack("digits")
        False
    """
    try:
        return holds_pack(Path(source).expanduser())
    except (OSError, RuntimeError, ValueError):
        return False


def is_pack_of_pictures(source: str) -> bool:
    """Whether a source is a pack that came from picture files.

    Example:
        >>> is_pack_of_pictures("digits")
        False
    """
    return is_pack(source) and read_description(Path(source).expanduser()).transform is not None


def read_description(folder: Path) -> Description:
    """Read `pack.json` and check that everything in it is of its kind.

    Raises:
        UserError: a file that is missing, damaged, or of another version.
    """
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path} is larger than any description of a pack; pack the data again")
        found = json.loads(path.read_text(encoding="utf-8"))
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{folder} is no pack: it holds no {FILE}; make one with vaekit pack") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"cannot read {path}: {reason}; pack the data again with vaekit pack") from error
    return _description(_Fields(path, found))


@final
class _Fields:
    """The fields of a JSON object that nobody has checked, read one by one."""

    def __init__(self, path: Path, found: object) -> None:
        self.path = path
        if not isinstance(found, dict) or found.get("format") != "vaekit pack":
            raise UserError(
                f"{path} describes no pack of vaekit; name another folder, or pack the data again"
            )
        self.found = cast("dict[str, object]", found)
        if found.get("version") != VERSION:
            version = str(found.get("version"))[:20]
            raise UserError(
                f"{path} is of version {version}, this vaekit reads version {VERSION}: pack the data again, "
                "or use the vaekit that made it"
            )

    def wrong(self, name: str, expected: str) -> NoReturn:
        shown = repr(self.found.get(name, "nothing"))[:40]
        raise UserError(
            f"{self.path} is damaged: {name} should be {expected}, but is {shown}; "
            "pack the data again with vaekit pack"
        )

    def text(self, name: str) -> str:
        value = self.found.get(name)
        return value if isinstance(value, str) else self.wrong(name, "a text")

    def flag(self, name: str) -> bool:
        value = self.found.get(name)
        return value if isinstance(value, bool) else self.wrong(name, "true or false")

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.found.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        return self.wrong(name, f"a whole number from {low} to {high}")

    def texts(self, name: str, known: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self.found.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(name, "a list of texts")
        if known is not None and not set(known) >= set(value):
            self.wrong(name, f"a list of {', '.join(known)}")
        return tuple(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _description(given: _Fields) -> Description:
    found = given.found
    rows = given.whole("rows", 1, _MOST_VALUES)
    shape, dtype = found.get("shape"), given.text("dtype")
    if not isinstance(shape, list) or len(shape) not in (1, 3) or not all(_is_whole(n) for n in shape):
        given.wrong("shape", "one or three whole numbers")
    if min(shape) < 1 or rows * prod(shape) > _MOST_VALUES:
        given.wrong("shape", "positive, and no larger than a disk")
    if dtype not in _TYPES:
        given.wrong("dtype", f"one of {', '.join(_TYPES)}")
    levels = None if found.get("levels") is None else given.whole("levels", 2, 2**16)
    if (levels is None) != (dtype[1] == "f"):
        given.wrong("levels", "none for floats, and a number for integers")
    asked = found.get("asked")
    if not isinstance(asked, dict):
        given.wrong("asked", "a mapping")
    variance = found.get("variance")
    if not isinstance(variance, float | int) or not isfinite(variance) or variance < 0:
        given.wrong("variance", "a number of at least 0")
    return Description(
        name=given.text("name"),
        source=given.text("source"),
        key=given.text("key"),
        answers=given.text("answers"),
        asked=asked,
        transform=_transform(given, tuple(shape)),
        levels=levels,
        shape=tuple(shape),
        dtype=dtype,
        rows=rows,
        shards=given.whole("shards", 0, min(MOST_SHARDS, rows)),
        parts=_parts(given, rows),
        names=given.texts("names", PARTS),
        labels=given.texts("labels", PARTS),
        index=given.texts("index", PARTS),
        attributes=given.texts("attributes", PARTS),
        label_names=given.texts("label_names"),
        attribute_names=given.texts("attribute_names"),
        unreadable=_unreadable(given),
        flip=given.flag("flip"),
        variance=float(variance),
        fingerprint=given.text("fingerprint"),
    )


def _transform(given: _Fields, shape: tuple[int, ...]) -> Transform | None:
    found = given.found.get("transform")
    if found is None:
        return None
    if not isinstance(found, dict) or set(found) != {"crop", "size", "channels"}:
        given.wrong("transform", "nothing, or crop, size and channels")
    crop, size, channels = found["crop"], found["size"], found["channels"]
    crops = crop in get_args(CropName) if isinstance(crop, str) else _is_whole(crop) and crop >= 1
    if not crops:
        given.wrong("transform", f"a crop of pixels or one of {', '.join(CROP_NAMES)}")
    sizes = isinstance(size, list) and len(size) == 2 and all(_is_whole(side) for side in size)
    if not sizes or max(size) > MOST_SIDE or [channels, *size] != list(shape):
        given.wrong("transform", "of the examples' channels and size")
    return Transform(cast("int | CropName", crop), (size[0], size[1]), channels)


def _parts(given: _Fields, rows: int) -> dict[str, tuple[int, int]]:
    """The parts, which must tile the rows, train last."""
    found = given.found.get("parts")
    if not isinstance(found, dict) or set(found) != set(PARTS):
        given.wrong("parts", f"the rows of {', '.join(PARTS)}")
    if not all(isinstance(place, list) and len(place) == 2 for place in found.values()):
        given.wrong("parts", "two numbers for each")
    if not all(_is_whole(edge) for place in found.values() for edge in place):
        given.wrong("parts", "whole numbers")
    placed = sorted(tuple(place) for place in found.values())
    edges = [0, *(stop for _, stop in placed)]
    whole = edges[-1] == rows and [start for start, _ in placed] == edges[:-1]
    if not whole or edges != sorted(set(edges)) or found["train"][1] != rows:
        given.wrong("parts", "a division of all rows, train last")
    return {part: (int(place[0]), int(place[1])) for part, place in found.items()}


def _unreadable(given: _Fields) -> tuple[Unreadable, ...]:
    found = given.found.get("unreadable")
    if not isinstance(found, list):
        given.wrong("unreadable", "a list")
    wanted = {field.name: field.type for field in fields(Unreadable)}
    for item in found:
        if not isinstance(item, dict) or set(item) != set(wanted):
            given.wrong("unreadable", f"a list of {', '.join(wanted)}")
        if any(
            not (_is_whole(item[name]) if kind is int else isinstance(item[name], str))
            for name, kind in wanted.items()
        ):
            given.wrong("unreadable", "a list of numbers and texts")
    return tuple(Unreadable(**item) for item in found)
