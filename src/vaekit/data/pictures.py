"""One example from a file: a picture made to fit the model, or an array of the right shape."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped

from vaekit.data.arrays import read_npy
from vaekit.data.decode import HOSTILE, decode, quietly
from vaekit.data.options import CropName
from vaekit.data.transform import Transform
from vaekit.errors import UserError
from vaekit.spec import DataSpec


def read_example(path: Path, spec: DataSpec, crop: int | CropName | None = None) -> Float32[np.ndarray, "*E"]:
    """Read one example as x: floats, in [0, 1] for pictures, on the levels of the data.

    A picture is turned as its EXIF says, cut, converted to the model's channels and resized. A .npy file
    must already have the example's shape.

    Args:
        path: of the picture or the array.
        spec: of the data the model was trained on.
        crop: what is cut out of a picture; None: as much around the centre as has the model's aspect.

    Raises:
        UserError: if the file is missing, unreadable, or of the wrong shape.
    """
    if not path.is_file():
        raise UserError(f"no such file or index: {path}")
    if path.suffix == ".npy":
        values = read_npy(path)
        if values.shape != spec.shape:
            raise UserError(f"{path} has shape {values.shape}, the model takes {spec.shape}")
        x = _numbers(path, values, spec)
    elif spec.is_image and 1 <= spec.shape[0] <= 4:
        x = _picture(path, Transform(crop or "aspect", (spec.shape[1], spec.shape[2]), spec.shape[0]))
    else:
        raise UserError(f"{path}: this model takes vectors of {spec.dimensions} numbers, give a .npy file")
    if spec.levels is not None:
        x = np.round(x * (spec.levels - 1)) / np.float32(spec.levels - 1)
    return x.astype(np.float32)


def _numbers(path: Path, values: Shaped[np.ndarray, "*E"], spec: DataSpec) -> Float32[np.ndarray, "*E"]:
    if values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise UserError(f"{path} holds something else than finite real numbers")
    scale = 1 if values.dtype.kind == "f" or spec.levels is None else spec.levels - 1
    x = values.astype(np.float32) / np.float32(scale)
    if spec.levels is not None and not (x.min() >= 0 and x.max() <= 1):
        raise UserError(
            f"{path} holds values from {values.min()} to {values.max()}: "
            f"the model takes whole numbers 0 to {spec.levels - 1}, or floats in [0, 1]"
        )
    return x


def _picture(path: Path, transform: Transform) -> Float32[np.ndarray, "C H W"]:
    try:
        with quietly():
            return decode(path, transform).astype(np.float32) / np.float32(255)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except HOSTILE as error:
        raise UserError(f"{path} cannot be read as a picture ({type(error).__name__}: {error})") from error
