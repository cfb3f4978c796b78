"""Which sources the package `datasets` reads, and how Parquet files lie in a folder; imports no package itself."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import final

from vaekit.data.folders import PARTS as FOLDERS
from vaekit.data.folders import first
from vaekit.data.listing import Listing
from vaekit.data.records import Data, SplitName
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import File, is_picture, walk
from vaekit.errors import UserError

HUB = "hf:"
PARTS: dict[str, SplitName] = {**FOLDERS, "training": "train", "dev": "validation", "testing": "test"}
_SUFFIX = ".parquet"
_NEEDED = ("datasets", "pyarrow", "huggingface_hub")


@final
@dataclass(frozen=True)
class ParquetFiles:
    """The Parquet files of a source.

    Args:
        parts: files by the part they belong to, each in the order of their names.
        notes: what a person should know about them.
    """

    parts: dict[SplitName, tuple[File, ...]]
    notes: tuple[str, ...] = ()


def is_hosted(source: str) -> bool:
    """Whether the package `datasets` reads a source: by its name alone, or by what lies in the folder.

    Example:
        >>> is_hosted("hf:mnist"), is_hosted("digits")
        (True, False)
    """
    if source.startswith(HUB):
        return True
    try:
        path = Path(source).expanduser()
        if path.is_dir():
            return is_saved(path) or _holds_parquet(path)
        return path.suffix.lower() == _SUFFIX and path.is_file()
    except (OSError, RuntimeError):
        return False


def is_saved(folder: Path) -> bool:
    """Whether `save_to_disk` of a `Dataset` or a `DatasetDict` wrote the folder."""
    return (folder / "dataset_dict.json").is_file() or all(
        (folder / name).is_file() for name in ("dataset_info.json", "state.json")
    )


def is_parquet(name: str) -> bool:
    """Whether a file of that name is taken for examples in Parquet.

    Example:
        >>> is_parquet("data/train-00000-of-00002.parquet"), is_parquet("metadata.parquet")
        (True, False)
    """
    last = os.path.basename(name).lower()
    return last.endswith(_SUFFIX) and not last.startswith(".") and last != "metadata.parquet"


def load_hosted(
    source: str, levels: int | None, options: SplitOptions, report: Callable[[str], None]
) -> Listing | Data:
    """Read a source through the package `datasets`: a listing where it holds pictures, else a table of numbers.

    Args:
        source: a Parquet file, a folder of them, a folder that `save_to_disk` wrote, or hf:NAME,
            hf:OWNER/NAME or either with :CONFIG behind it, the only source that is fetched from elsewhere.
        levels: number of levels of a table; None for floats.
        options: fractions and seed of the parts that a table does not bring itself.
        report: told what a person should know of a table.

    Raises:
        UserError: an absent package, a source that cannot be read, or columns that nothing can be made of.
    """
    try:
        from vaekit.data.columns import read_columns
        from vaekit.data.hosted import open_hosted
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _NEEDED:
            raise
        raise UserError(
            f'{source} is read by the package datasets, which is not installed: pip install "vaekit[datasets]"'
        ) from error
    return read_columns(open_hosted(source, report), levels, options, report)


def find_parquet(path: Path) -> ParquetFiles:
    """Return a Parquet file as train, or the files of a folder by the part that their names tell.

    As the Hugging Face hub lays them out: `train-00000-of-00002.parquet`, also in `data/`; or
    `train/0000.parquet`. Where no file is called train, those that name no part are.

    Raises:
        UserError: only files of test or validation.
    """
    if not path.is_dir():
        status = path.stat()
        return ParquetFiles(
            {"train": (File(path.name, str(path.parent), status.st_size, status.st_mtime_ns),)}
        )
    found: dict[SplitName, list[File]] = {}
    unnamed: list[File] = []
    ignored: list[str] = []
    for file in walk(path):
        if not is_parquet(file.name):
            ignored.append(file.name)
        elif (part := _part(file.name)) is None:
            unnamed.append(file)
        else:
            found.setdefault(part, []).append(file)
    notes = [f"no Parquet, and left out: {first(ignored)}"] if ignored else []
    if not unnamed and "train" not in found:
        raise UserError(f"{path} holds Parquet files of {' and '.join(found)}, but none of train")
    if unnamed and found.setdefault("train", unnamed) is not unnamed:
        names = first([file.name for file in unnamed])
        notes.append(f"called neither train, validation nor test, and left out: {names}")
    return ParquetFiles({part: tuple(files) for part, files in found.items()}, tuple(notes))


def _holds_parquet(folder: Path) -> bool:
    """Whether Parquet is what the folder is about: all of it, or the examples beside a picture or two."""
    found = pictures = False
    # Not `walk`, which asks for size and time of each file, of a folder of pictures in vain.
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        for name in names:
            if is_parquet(name):
                if _part(Path(place, name).relative_to(folder).as_posix()) == "train":
                    return True
                found = True
            pictures = pictures or is_picture(name)
    return found and not pictures


def _part(name: str) -> SplitName | None:
    """The part that the words in a file's name tell, else those of the folders it lies in, inmost first."""
    path = PurePosixPath(name)
    for piece in (path.stem, *reversed(path.parent.parts)):
        for word in re.split(r"[^a-z]+", piece.lower()):
            if word in PARTS:
                return PARTS[word]
    return None
