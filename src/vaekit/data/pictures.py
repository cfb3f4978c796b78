"""One example from a file: a picture made to fit the model, or an array of the right shape."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image, ImageOps, UnidentifiedImageError

from vaekit.data.arrays import read_npy
from vaekit.errors import UserError
from vaekit.spec import DataSpec

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# No others: some of Pillow's plugins start programs, or fall over damaged files.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_HOSTILE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    NotImplementedError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_example(path: Path, spec: DataSpec) -> Float32[np.ndarray, "*E"]:
    """Read one example as x: floats, in [0, 1] for pictures, on the levels of the data.

    A picture is turned as its EXIF says, converted to the model's channels, cut to the model's aspect
    around the centre and resized. A .npy file must already have the example's shape.

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
    elif spec.is_image and spec.shape[0] in _MODES:
        x = _picture(path, spec)
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


def _picture(path: Path, spec: DataSpec) -> Float32[np.ndarray, "C H W"]:
    channels, height, width = spec.shape
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            image = _eight_bits(ImageOps.exif_transpose(opened)).convert(_MODES[channels])
    except _HOSTILE as error:
        raise UserError(f"{path} cannot be read as a picture ({type(error).__name__}: {error})") from error
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(fitted, np.float32).reshape(height, width, channels) / 255
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow would clip deeper pixels to 255 instead of scaling them.
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range, give a .npy file")
    return image
