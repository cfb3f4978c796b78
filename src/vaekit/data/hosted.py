"""Parquet files, saved data sets and those of the Hugging Face hub, opened by the package `datasets`."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast, final

import huggingface_hub.utils
import pyarrow as pa
from datasets import Dataset, DatasetDict, Features, load_dataset, load_from_disk
from datasets import utils as datasets_utils
from datasets.data_files import DataFilesDict, DataFilesList
from datasets.exceptions import DatasetGenerationError, DatasetsError
from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES
from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]
from pyarrow.dataset import ParquetFragmentScanOptions

from vaekit.data.folders import first
from vaekit.data.packs.cache import cache_root
from vaekit.data.parquet import HUB, PARTS, ParquetFiles, find_parquet, is_saved
from vaekit.data.records import SplitName
from vaekit.errors import UserError

_NAME = re.compile(rf"{HUB}([\w.-]+(?:/[\w.-]+)?)(?::([^:]+))?")
_ROWS_AT_ONCE = 100
_LOGGERS = ("datasets", "fsspec", "huggingface_hub")
# What datasets and the packages beneath it raise on damaged, unknown and unreachable data.
_FAILURES = (
    DatasetsError,
    HTTPError,
    pa.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    ImportError,
)


@final
@dataclass(frozen=True)
class OpenedPart:
    """One part of a source.

    Args:
        name: as the source calls it.
        rows: opened, not read.
    """

    name: str
    rows: Dataset

    def column(self, name: str) -> pa.ChunkedArray:
        """A column as it is stored, mapped from the disk."""
        table = cast("pa.Table", self.rows.select_columns([name]).with_format("arrow")[:])
        return table.column(0)


@final
@dataclass(frozen=True)
class Opened:
    """A source before its columns are looked at.

    Args:
        name: what reports call it.
        place: where it lies, in full.
        folder: where the pictures lie that it only names.
        parts: train, and perhaps validation and test; all with the same columns.
        notes: what a person should know about it.
    """

    name: str
    place: str
    folder: Path
    parts: dict[SplitName, OpenedPart]
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> Features:
        """The columns and their types."""
        return self.parts["train"].rows.features


def open_hosted(source: str, report: Callable[[str], None]) -> Opened:
    """Open a source that `is_hosted` knows; Parquet is first converted into `datasets` of our cache.

    Args:
        source: a Parquet file, a folder of them, one that `save_to_disk` wrote, or hf:NAME.
        report: told before the network is used.

    Raises:
        UserError: a name that the hub does not know, no network, damaged files, or no train part.
    """
    if source.startswith(HUB):
        return _from_hub(source, report)
    path = Path(source).expanduser().resolve()
    notes: tuple[str, ...] = ()
    with reading(source, "the data are empty, damaged, or their files disagree"):
        if is_saved(path):
            found = cast("Dataset | DatasetDict", load_from_disk(str(path)))
        else:
            files = find_parquet(path)
            found, notes = _converted(files), files.notes
    parts, left_out = _divided(path.name, found)
    name, folder = (path.name, path) if path.is_dir() else (path.stem, path.parent)
    return Opened(name, str(path), folder, parts, (*notes, *left_out))


@contextmanager
def reading(source: str, advice: str) -> Iterator[None]:
    """Keep bars, log lines and warnings of datasets from people, and say its failures in one sentence.

    Raises:
        UserError: for whatever is raised inside.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    barred = [
        package
        for package in (datasets_utils, huggingface_hub.utils)
        if not package.are_progress_bars_disabled()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for package in barred:
                package.disable_progress_bars()
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
        except UserError:
            raise
        except _FAILURES as error:
            raise UserError(f"cannot read {source}: {_reason(error)}; {advice}") from error
        finally:
            for package in barred:
                package.enable_progress_bars()
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _converted(files: ParquetFiles) -> DatasetDict:
    listed = {
        # No patterns: a name may have brackets in it. The second list tells when a file has changed.
        part: DataFilesList(
            [str(file.path) for file in held], [(str(file.size), str(file.modified)) for file in held]
        )
        for part, held in files.parts.items()
    }
    # load_dataset("parquet") would do the same, but call home to count.
    return DatasetDict.from_parquet(
        DataFilesDict(listed),  # pyright: ignore[reportArgumentType]
        cache_dir=str(cache_root() / "datasets"),
        # Without these, memory grows with the size of the file.
        batch_size=_ROWS_AT_ONCE,
        fragment_scan_options=ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True),
    )


def _from_hub(source: str, report: Callable[[str], None]) -> Opened:
    match = _NAME.fullmatch(source)
    if match is None:
        raise UserError(f"{source} names no data set: give hf:NAME, hf:OWNER/NAME or hf:OWNER/NAME:CONFIG")
    name, config = match[1], match[2]
    # load_dataset looks on this machine first.
    if name in _PACKAGED_DATASETS_MODULES:
        raise UserError(
            f"{source} is ambiguous, {name} is also a format: name the owner, as in hf:OWNER/{name}"
        )
    if Path(name).is_dir():
        raise UserError(
            f"{source} is ambiguous, there is also a folder {name} here: start from another folder"
        )
    report(f"asking the Hugging Face hub for {name}; what it sends is kept for the next time")
    with reading(source, "check the name, and that the Hugging Face hub can be reached"):
        found = cast("Dataset | DatasetDict", load_dataset(name, config))
    parts, notes = _divided(source, found)
    stem = name.rpartition("/")[2]
    return Opened(stem if config is None else f"{stem}-{config}", source, Path(), parts, notes)


def _divided(
    source: str, found: Dataset | DatasetDict
) -> tuple[dict[SplitName, OpenedPart], tuple[str, ...]]:
    """Tell the parts by their names, and note which are left out; one alone under a strange name is train."""
    if isinstance(found, Dataset):
        found = DatasetDict({"train": found})
    named = {str(name): rows for name, rows in found.items() if len(rows) > 0}
    parts: dict[SplitName, OpenedPart] = {}
    for name, rows in named.items():
        part: SplitName | None = PARTS.get(name.lower())
        if part is None and len(named) == 1:
            part = "train"
        if part is not None and part not in parts:
            parts[part] = OpenedPart(name, rows)
    if "train" not in parts:
        held = f"holds only {', '.join(named)}" if named else "is empty"
        raise UserError(f"{source} {held}, and there is no train part to learn from")
    left_out = sorted(named.keys() - {part.name for part in parts.values()})
    return parts, (f"parts left out: {first(left_out)}",) if left_out else ()


def _reason(error: BaseException) -> str:
    if isinstance(error, DatasetGenerationError) and error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
