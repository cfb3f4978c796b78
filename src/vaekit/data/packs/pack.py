"""Opening a pack: sizes are checked against its description, nothing else is read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, final

import numpy as np
from jaxtyping import Shaped

from vaekit.data.options import PictureOptions
from vaekit.data.packs.description import HELD_OUT, PARTS, Description, read_description, values_name
from vaekit.data.packs.names import Names, open_names
from vaekit.data.packs.npy import mapped
from vaekit.data.packs.shards import Part, Shards, rows_of
from vaekit.data.records import Data, Known, Split
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

LABELS, INDEX, ATTRIBUTES, STAMPS = "labels.npy", "index.npy", "attributes.npy", "stamps.npy"


@final
@dataclass(frozen=True, eq=False)
class Pack:
    """A folder of decoded examples.

    Args:
        folder: where it lies.
        description: what it holds.
    """

    folder: Path
    description: Description

    @property
    def dtype(self) -> np.dtype:
        """Of the stored values."""
        return np.dtype(self.description.dtype)

    def values(self) -> Shaped[np.ndarray, "N ..."]:
        """All stored values of a pack without shards, mapped."""
        told = self.description
        return mapped(self.folder / values_name(0, 0), (told.rows, *told.shape), self.dtype)

    def shards(self, part: str) -> Shards:
        """The stored values of a part, read from files on demand."""
        return shards_of(self.folder, self.description.shards, self.description.rows,
                         self.description.parts[part], self.description.shape, self.dtype)  # fmt: skip

    def names(self) -> Names | None:
        """All names, where there are any."""
        told = self.description
        return open_names(self.folder, told.rows) if told.names else None

    def column(self, name: str, columns: tuple[int, ...] = (), dtype: type = np.int64) -> np.ndarray:
        """A small array with one row for each example, mapped."""
        return mapped(self.folder / name, (self.description.rows, *columns), np.dtype(dtype))

    def splits(self) -> dict[str, Split]:
        """Train, validation and test."""
        told = self.description
        names = self.names()
        labels = self.column(LABELS) if told.labels else None
        index = self.column(INDEX) if told.index else None
        width = len(told.attribute_names)
        attributes = self.column(ATTRIBUTES, (width,), np.uint8) if told.attributes else None
        values = self._values()

        def split(part: str) -> Split:
            rows = slice(*told.parts[part])
            return Split(
                values[part],
                labels[rows] if labels is not None and part in told.labels else None,
                names[rows] if names is not None and part in told.names else None,
                index[rows] if index is not None and part in told.index else None,
                attributes[rows] if attributes is not None and part in told.attributes else None,
            )

        return {part: split(part) for part in PARTS}

    def data(self) -> Data:
        """The data set, with everything known that was computed when it was packed."""
        told = self.description
        splits = self.splits()
        parts = (splits["train"], splits["validation"], splits["test"])
        return Data(
            told.name,
            *parts,
            told.levels,
            None,
            told.levels,
            told.flip,
            told.label_names,
            told.attribute_names,
            tuple((each.place, each.reason) for each in told.unreadable),
            told.transform,
            Known(told.variance, told.fingerprint, parts, told.levels),
        )

    def _values(self) -> dict[str, Shaped[np.ndarray, "N ..."] | Shards]:
        told = self.description
        if not told.shards:
            whole = self.values()
            return {part: whole[slice(*told.parts[part])] for part in PARTS}
        start = told.parts["train"][0]
        held_out = mapped(self.folder / HELD_OUT, (start, *told.shape), self.dtype)
        train = self.shards("train")
        train.check()
        rest = {part: held_out[slice(*told.parts[part])] for part in PARTS if part != "train"}
        return {"train": train, **rest}


def shards_of(
    folder: Path, shards: int, rows: int, place: tuple[int, int], shape: tuple[int, ...], dtype: np.dtype
) -> Shards:
    """The rows of a part as they lie in the files of a pack.

    Args:
        folder: of the pack.
        shards: number of files; 0 for the one that has no number.
        rows: of all files together.
        place: first row and end of the part.
        shape: of one example.
        dtype: of the values.
    """
    count = max(1, shards)
    parts: list[Part] = []
    for shard in range(count):
        first, stop = rows_of(shard, count, *place)
        total = rows_of(shard, count, 0, rows)[1]
        parts.append(Part(folder / values_name(shard, shards), total, first, stop - first))
    return Shards(tuple(parts), shape, dtype)


def open_pack(folder: Path) -> Pack:
    """Open a pack; neither time nor memory depend on what it holds.

    Raises:
        UserError: a description that is damaged, or files that disagree with it.
    """
    pack = Pack(folder, read_description(folder))
    pack.splits()
    return pack


def load_pack(
    folder: Path,
    levels: int | None,
    split: SplitOptions,
    pictures: PictureOptions,
    report: Callable[[str], None],
) -> Data:
    """The data of a pack, which decides splits, size and cut.

    Raises:
        UserError: a damaged pack, or options that contradict it.
    """
    pack = Pack(folder, read_description(folder))
    told = pack.description
    if levels not in (None, told.levels):
        if told.levels is None:
            raise UserError(f"{folder} holds floats, which have no levels: leave --levels out")
        raise UserError(f"{folder} has {told.levels} levels, not {levels}; leave levels out")
    made = PictureOptions() if told.transform is None else told.transform.options(pictures, told.flip)
    for name in pictures.shaping:
        if told.transform is None:
            raise UserError(f"--{name} is for folders of pictures: leave it out for other data")
        field = "size" if name == "image_size" else name
        asked, own = getattr(pictures, field), getattr(made, field)
        if asked != own:
            raise UserError(
                f"--{name} is for folders of pictures, and those of {folder} were packed with {own}: leave it out, "
                f"or pack them again with vaekit pack --{name}"
            )
    if "unreadable" in pictures.for_files:
        raise UserError(f"--unreadable is for folders of pictures, and {folder} is a pack: leave it out")
    if split not in (SplitOptions(seed=split.seed), split_of(told)):
        report(f"note: {folder} is a pack: its own division into train, validation and test is taken")
    data = pack.data()
    if pictures.flip is None:
        return data
    if pictures.flip and len(told.shape) != 3:
        raise UserError(f"{data.name}: only images can be mirrored; leave --flip out")
    return replace(data, flip=pictures.flip)


def split_of(told: Description) -> SplitOptions | None:
    """The fractions and the seed by which a pack was divided; None where it does not say."""
    try:
        return SplitOptions(**cast("dict[str, float]", told.asked["split"]))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, KeyError):
        return None


def bytes_of(folder: Path) -> int:
    """What a folder takes on the disk, files that are linked to included."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
