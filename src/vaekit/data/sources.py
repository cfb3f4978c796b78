"""One door to data: a name, a path, an array, a mapping or a dataset goes in, a `Data` comes out."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from vaekit.data.arrays import load_arrays, read_npy, read_npz
from vaekit.data.binarise import binarised
from vaekit.data.datasets import MapStyle, load_dataset
from vaekit.data.digits import load_digits
from vaekit.data.encode import check_levels
from vaekit.data.idx import find_idx, load_idx
from vaekit.data.records import Binarisation, Data, chunks
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

BUILT_IN = ("digits",)
Source = str | Path | np.ndarray | Mapping[str, np.ndarray] | MapStyle | Data

_ACCEPTED = (
    f"{', '.join(BUILT_IN)}; a folder with IDX files (train-images-idx3-ubyte, t10k-images-idx3-ubyte, plain "
    "or .gz); a .npy or .npz file"
)
_SHOWN = 5


def load(
    source: Source,
    *,
    levels: int | None = None,
    binarise: Binarisation | None = None,
    split: SplitOptions = SplitOptions(),  # noqa: B008 (frozen)
) -> Data:
    """Return the data set that a source names or holds.

    Args:
        source: "digits"; the path of a folder with IDX files, of a `.npy` or of a `.npz` file; an array; a
            mapping of arrays with the keys of a `.npz` file; a map-style dataset; or a `Data`, kept as it is.
        levels: number L of levels of the stored values; None to tell from the source.
        binarise: None; "fixed" for one seeded draw of Bernoulli(k/(L−1)); "dynamic" for one in each batch.
        split: fractions and seed of the parts that the source does not bring itself.

    Raises:
        UserError: a source that is missing, damaged, ambiguous or of no known kind.

    Example:
        >>> data = load("digits", binarise="fixed")
        >>> data.spec.shape, data.levels, len(data.test)
        ((1, 8, 8), 2, 180)
    """
    check_levels(levels)
    if isinstance(source, Data):
        data = _checked(source, levels)
    elif isinstance(source, str | Path):
        data = _named(source, levels, split)
    elif isinstance(source, np.ndarray):
        data = load_arrays("array", {"x": source}, levels, split)
    elif isinstance(source, Mapping):
        data = load_arrays("arrays", source, levels, split)
    else:
        data = load_dataset(source, levels, split)
    return data if binarise is None else binarised(data, binarise, split.seed)


def fingerprint(data: Data) -> str:
    """Return a SHA-256 in hexadecimal over levels, shapes, types and bytes of the three splits.

    A resumed run compares it, and so notices that its source has changed.

    Example:
        >>> fingerprint(load("digits")) == fingerprint(load("digits", split=SplitOptions(seed=1)))
        False
    """
    digest = hashlib.sha256(f"{data.levels} {data.binarise} {data.stored_levels}".encode())
    for split in (data.train, data.validation, data.test):
        for array in (split.values, split.labels):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.shape} {array.dtype.str}".encode())
            for piece in chunks(array):
                digest.update(np.ascontiguousarray(array[piece]).data)
    return digest.hexdigest()


def _checked(data: Data, levels: int | None) -> Data:
    if levels not in (None, data.levels, data.stored_levels):
        raise UserError(f"{data.name} has {data.levels} levels, not {levels}; leave levels out")
    return data


def _named(source: str | Path, levels: int | None, options: SplitOptions) -> Data:
    if source == "digits":
        return load_digits(levels, options)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return _folder(path, levels, options)
        if not path.exists():
            raise UserError(f"there is no data at {source}: {_hint(path)}")
    except OSError as error:
        raise UserError(f"cannot look at {source}: {error.strerror}") from error
    if path.suffix == ".npy":
        return replace(load_arrays(path.name, {"x": read_npy(path)}, levels, options), name=path.stem)
    if path.suffix == ".npz":
        return replace(load_arrays(path.name, read_npz(path), levels, options), name=path.stem)
    raise UserError(f"{source} is no file that can be read as data; accepted are {_ACCEPTED}")


def _folder(path: Path, levels: int | None, options: SplitOptions) -> Data:
    if find_idx(path) is not None:
        return load_idx(path, levels, options)
    inside = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in path.iterdir())
    if not inside:
        raise UserError(f"the folder {path} is empty; accepted are {_ACCEPTED}")
    more = f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else ""
    raise UserError(
        f"the folder {path} holds {', '.join(inside[:_SHOWN])}{more}, but no IDX training images; "
        f"accepted are {_ACCEPTED}; folders of photographs are not supported yet"
    )


def _hint(path: Path) -> str:
    known = list(BUILT_IN) if path.parent == Path() else []
    if path.parent.is_dir():
        known += [str(path.parent / entry.name) for entry in path.parent.iterdir()]
    close = get_close_matches(str(path), known, n=1)
    return f"did you mean {close[0]}?" if close else f"accepted are {_ACCEPTED}"
