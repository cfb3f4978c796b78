"""One door to data: a name, a path, an array, a mapping or a dataset goes in, a `Data` comes out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from vaekit.data.arrays import load_arrays, read_npy, read_npz
from vaekit.data.binarise import binarised
from vaekit.data.celeba import find_celeba, list_celeba
from vaekit.data.datasets import MapStyle, load_dataset
from vaekit.data.digits import load_digits
from vaekit.data.drawn import load_shapes
from vaekit.data.encode import check_levels
from vaekit.data.folders import list_folder
from vaekit.data.idx import find_idx, load_idx
from vaekit.data.listing import Listing, join
from vaekit.data.options import PictureOptions
from vaekit.data.packs.description import is_pack
from vaekit.data.packs.pack import load_pack
from vaekit.data.packs.pictures import LEVELS as PICTURE_LEVELS
from vaekit.data.parquet import HUB, is_hosted, load_hosted
from vaekit.data.photographs import load_listing
from vaekit.data.records import Binarisation, Data
from vaekit.data.splits import SplitOptions
from vaekit.data.sprites import load_sprites
from vaekit.data.walk import JOINT, is_pictures, sources_in
from vaekit.errors import UserError

BUILT_IN = ("digits", "shapes", "sprites")
Source = str | Path | np.ndarray | Mapping[str, np.ndarray] | MapStyle | Data

_ACCEPTED = (
    f"{', '.join(BUILT_IN)}; a folder of pictures (also of one folder per class, or CelebA) or of IDX files "
    "(train-images-idx3-ubyte…, plain or .gz); a pack; a .npy, .npz or Parquet file; hf:NAME"
)
_SHOWN = 5


def load(
    source: Source,
    *,
    levels: int | None = None,
    binarise: Binarisation | None = None,
    split: SplitOptions = SplitOptions(),  # noqa: B008 (frozen)
    pictures: PictureOptions = PictureOptions(),  # noqa: B008 (frozen)
    report: Callable[[str], None] = lambda line: None,
) -> Data:
    """Return the data set that a source names or holds.

    Args:
        source: "digits", "shapes" or "sprites"; the path of a pack, of a folder with IDX files or with pictures, of a
            `.npy` or of a `.npz` file; the path of a Parquet file, of a folder of them or of one that `save_to_disk`
            of the package `datasets` wrote, or "hf:OWNER/NAME:CONFIG" of the Hugging Face hub; several sources of
            pictures joined by " + "; an array; a mapping of arrays with the keys of a `.npz` file; a
            map-style dataset; or a `Data`, kept as it is.
        levels: number L of levels of the stored values; None to tell from the source.
        binarise: None; "fixed" for one seeded draw of Bernoulli(k/(L−1)); "dynamic" for one in each batch.
        split: fractions and seed of the parts that the source does not bring itself.
        pictures: how pictures in files are cut and resized; whether training mirrors examples.
        report: told what a person should know of the source, and how the decoding of pictures goes.

    Raises:
        UserError: a source that is missing, damaged, ambiguous or of no known kind.

    Example:
        >>> data = load("digits", binarise="fixed")
        >>> data.spec.shape, data.levels, len(data.test)
        ((1, 8, 8), 2, 180)
    """
    found = open_source(source, levels, split, pictures, report)
    data = load_listing(found, pictures, split, report) if isinstance(found, Listing) else found
    return data if binarise is None else binarised(data, binarise, split.seed)


def open_source(
    source: Source,
    levels: int | None,
    split: SplitOptions,
    pictures: PictureOptions,
    report: Callable[[str], None],
) -> Listing | Data:
    """Return what a source of pictures lists, before any is decoded, or the data set of another source.

    Args:
        source: as for `load`.
        levels: as for `load`.
        split: as for `load`.
        pictures: as for `load`.
        report: as for `load`.

    Raises:
        UserError: as `load`.
    """
    check_levels(levels)
    parts = sources_in(source) if isinstance(source, str) else [source]
    for part in parts:
        _check_there(part)
    found = [_found(part, levels, split, report) for part in parts]
    listings = [part for part in found if isinstance(part, Listing)]
    if len(parts) > 1 and len(listings) < len(parts):
        odd = next(part for part, what in zip(parts, found, strict=True) if not isinstance(what, Listing))
        raise UserError(f"{source}: only folders of pictures can be taken together, and {odd} is none")
    only = found[0]
    if isinstance(only, Listing):
        if levels not in (None, PICTURE_LEVELS):
            raise UserError(f"pictures have {PICTURE_LEVELS} levels, not {levels}; leave levels out")
        return join(listings)
    if isinstance(only, str | Path) and is_pack(str(only)):
        return load_pack(Path(only).expanduser(), levels, split, pictures, report)
    if pictures.for_files:
        raise UserError(f"--{pictures.for_files[0]} is for folders of pictures: leave it out for other data")
    return _mirrored(_arrays(only, levels, split), pictures.flip)


def absolute(source: str) -> str:
    """The same source as it is named from any folder: paths that exist, in full.

    Example:
        >>> absolute("digits")
        'digits'
    """
    parts = sources_in(source)
    local = [Path(part).expanduser() for part in parts if not part.startswith(HUB)]
    if source in BUILT_IN or not all(path.exists() for path in local):
        return source
    return JOINT.join(
        part if part.startswith(HUB) else str(Path(part).expanduser().resolve()) for part in parts
    )


def fitting(source: Source, shape: tuple[int, ...], options: PictureOptions) -> PictureOptions:
    """The options that bring other data to the shape that a model takes.

    Args:
        source: the other data.
        shape: of the examples the model was trained on.
        options: of the run that trained it.
    """
    if not isinstance(source, str | Path):
        return PictureOptions()
    if not is_pictures(str(source)) and not any(is_hosted(part) for part in sources_in(str(source))):
        return PictureOptions()
    if len(shape) != 3 or shape[0] not in (1, 3):
        return options
    return replace(options, image_size=(shape[1], shape[2]), channels=1 if shape[0] == 1 else 3)


def _check_there(source: Source) -> None:
    if not isinstance(source, str | Path) or source in BUILT_IN or is_hosted(str(source)):
        return
    try:
        path = Path(source).expanduser()
        if not path.exists():
            raise UserError(f"there is no data at {source}: {_hint(path)}")
    except OSError as error:
        raise UserError(f"cannot look at {source}: {error.strerror}") from error


def _found(
    source: Source, levels: int | None, split: SplitOptions, report: Callable[[str], None]
) -> Listing | Source:
    """The pictures that a source lists, where it is one of pictures; a table, where `datasets` reads it."""
    if not isinstance(source, str | Path) or source in BUILT_IN or is_pack(str(source)):
        return source
    if is_hosted(str(source)):
        return load_hosted(str(source), levels, split, report)
    if not _is_of_pictures(str(source)):
        return source
    folder = Path(source).expanduser()
    return list_celeba(folder) if find_celeba(folder) else list_folder(folder)


def _is_of_pictures(source: str) -> bool:
    if is_pictures(source):
        return True
    try:
        folder = Path(source).expanduser()
        return find_celeba(folder) is not None and find_idx(folder) is None
    except OSError:
        return False


def _mirrored(data: Data, flip: bool | None) -> Data:
    if flip is None:
        return data
    if flip and data.train.values.ndim != 4:
        raise UserError(f"{data.name}: only images can be mirrored; leave --flip out")
    return replace(data, flip=flip)


def _arrays(source: Source, levels: int | None, split: SplitOptions) -> Data:
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
    return data


def _checked(data: Data, levels: int | None) -> Data:
    if levels not in (None, data.levels, data.stored_levels):
        raise UserError(f"{data.name} has {data.levels} levels, not {levels}; leave levels out")
    return data


def _named(source: str | Path, levels: int | None, options: SplitOptions) -> Data:
    if source == "digits":
        return load_digits(levels, options)
    if source == "shapes":
        return load_shapes(levels, options)
    if source == "sprites":
        return load_sprites(levels, options)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return _folder(path, levels, options)
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
        f"the folder {path} holds {', '.join(inside[:_SHOWN])}{more}, but no pictures and no IDX training "
        f"images; accepted are {_ACCEPTED}"
    )


def _hint(path: Path) -> str:
    known = list(BUILT_IN) if path.parent == Path() else []
    if path.parent.is_dir():
        known += [str(path.parent / entry.name) for entry in path.parent.iterdir()]
    close = get_close_matches(str(path), known, n=1)
    return f"did you mean {close[0]}?" if close else f"accepted are {_ACCEPTED}"
