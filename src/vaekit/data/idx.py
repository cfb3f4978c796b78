"""The IDX files of MNIST and its relatives (Fashion-MNIST, KMNIST): one folder, own train and test parts."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from vaekit.data.assemble import Part, assemble
from vaekit.data.records import Data
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

LEVELS = 256
_UNSIGNED_BYTE = 0x08


def find_idx(folder: Path) -> Path | None:
    """Return the folder that holds training images, the given one or its `raw/` sub-folder, or None.

    Example:
        >>> find_idx(Path("nowhere"))
    """
    for place in (folder, folder / "raw"):
        if _find(place, "train", "images") is not None:
            return place
    return None


def load_idx(folder: Path, levels: int | None = None, options: SplitOptions | None = None) -> Data:
    """Read a folder of IDX files, plain or gzipped, and carve validation from its train part.

    Args:
        folder: holds `train-images-idx3-ubyte`, `t10k-images-idx3-ubyte` and, where there are any, their
            `-labels-idx1-ubyte`, each perhaps with `.gz`; or has a `raw/` sub-folder with them.
        levels: 256, or None for the same.
        options: fraction and seed of the validation part; None for the defaults.

    Returns:
        The data set under the folder's name, with 256 levels.

    Raises:
        UserError: another number of levels; a file that is missing, damaged or does not match its partner.

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", file formats.
    """
    if levels not in (None, LEVELS):
        raise UserError(f"{folder}: IDX files of bytes have {LEVELS} levels, not {levels}; leave levels out")
    place = find_idx(folder) or folder
    parts = {"train": _read_part(place, "train"), "test": _read_part(place, "t10k")}
    resolved = place.resolve()
    name = resolved.parent.name if resolved.name == "raw" else resolved.name
    return assemble(name, parts, LEVELS, options or SplitOptions())


def read_idx(path: Path, dimensions: int) -> UInt8[np.ndarray, "..."]:
    """Read one IDX file of unsigned bytes, gzipped where its name ends in `.gz`.

    The file is two zero bytes, the type 0x08, the number d of dimensions, d big-endian sizes, the bytes.

    Args:
        path: the file.
        dimensions: the d it must have, 3 for images and 1 for labels.

    Raises:
        UserError: a file that cannot be read, is not IDX, or is shorter or longer than its header says.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as handle:
                content = handle.read()
        else:
            content = path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"cannot read {path}: {error}; the file is damaged or cut short, fetch it again"
        ) from error
    header = 4 + 4 * dimensions
    if len(content) < header or content[:4] != bytes([0, 0, _UNSIGNED_BYTE, dimensions]):
        raise UserError(
            f"{path} is not an IDX file of {dimensions}-dimensional bytes: it begins with "
            f"{content[:4].hex() or 'nothing'}, not 000008{dimensions:02x}"
        )
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    if len(content) - header != prod(shape):
        raise UserError(
            f"{path}: the header announces {prod(shape)} values of shape {shape}, but "
            f"{len(content) - header} follow; the file is damaged, fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _find(folder: Path, part: str, what: Literal["images", "labels"]) -> Path | None:
    kind = "idx3" if what == "images" else "idx1"
    for joint in ("-", "."):
        for suffix in ("", ".gz"):
            path = folder / f"{part}-{what}{joint}{kind}-ubyte{suffix}"
            if path.is_file():
                return path
    return None


def _read_part(folder: Path, part: str) -> Part:
    images = _find(folder, part, "images")
    if images is None:
        raise UserError(f"{folder} holds no {part}-images-idx3-ubyte, plain or .gz; put the file there")
    values = read_idx(images, 3)
    path = _find(folder, part, "labels")
    if path is None:
        return Part(values)
    labels = read_idx(path, 1)
    if len(labels) != len(values):
        raise UserError(f"{path} holds {len(labels)} labels, but {images.name} {len(values)} images")
    return Part(values, labels)
