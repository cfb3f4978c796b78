"""One picture from a file that nobody has checked: its header, or its pixels in the examples' shape."""

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from math import ceil
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, UnidentifiedImageError

from vaekit.data.hush import Hush
from vaekit.data.transform import SIZE, Header, Transform

MOST_PIXELS = 64_000_000
"""Larger pictures are refused before they are decoded."""
# No others: some of Pillow's plugins start programs, or fall over damaged files.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# What Pillow and the readers beneath it raise on damaged files; SystemError is a decoder's in C.
HOSTILE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    MemoryError,
    SystemError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_GREY = ("1", "L", "LA", "La", "I")
_ORIENTATION = 0x112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MANY_PIXELS = 16_000_000
_one_at_a_time = threading.Lock()
_hush = Hush()


def read_header(content: Path | BytesIO) -> Header:
    """Read size and colours without decoding the pixels.

    Whether it is turned on its side is only looked up for small pictures, where it decides the size.

    Raises:
        HOSTILE: whatever a damaged file makes Pillow raise; ValueError above 64 megapixels.
    """
    with _opened(content) as image:
        width, height = image.size
        if max(width, height) <= SIZE and width != height and _sideways(image):
            width, height = height, width
        return Header(width, height, image.mode.split(";")[0] in _GREY)


def decode(content: Path | BytesIO, transform: Transform) -> UInt8[np.ndarray, "C H W"]:
    """Decode a picture: turned as its EXIF says, cut, made grey or coloured, resized (bicubic, antialiased).

    Where alpha is no channel, transparent pixels are laid over white. Deep pixels are scaled to 8 bits. Of
    an animation the first frame is taken. A large JPEG is decoded at a half, a quarter or an eighth of its
    size, but never at less than twice the size that it gets.

    Raises:
        HOSTILE: whatever a damaged file makes Pillow raise; ValueError above 64 megapixels; UserError for a
            picture that is smaller than the crop.
    """
    height, width = transform.size
    with _opened(content) as image:
        full = image.size
        if image.format in ("JPEG", "MPO"):
            _reduce(image, transform)
        # So that many threads together do not fill the memory.
        with _one_at_a_time if image.width * image.height > _MANY_PIXELS else nullcontext():
            with _hush if image.format == "TIFF" else nullcontext():
                image.load()
            reduction = full[0] / image.width
            box = transform.box(*(full[::-1] if _sideways(image) else full))
            upright = _turned(_coloured(image, transform.channels), image)
            left, upper, right, lower = (
                min(edge / reduction, side) for edge, side in zip(box, upright.size * 2, strict=True)
            )
            pixels = upright.resize(
                (width, height), Image.Resampling.BICUBIC, box=(left, upper, right, lower)
            )
    array = np.asarray(pixels).reshape(height, width, transform.channels)
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def reason(error: BaseException) -> str:
    """Why a file cannot be read, in few words.

    Example:
        >>> reason(OSError("image file is truncated"))
        'image file is truncated'
    """
    if isinstance(error, UnidentifiedImageError):
        return f"none of {', '.join(FORMATS)}, or damaged at its beginning"
    return " ".join(str(error).split())[:200] or type(error).__name__


def passing(why: str) -> bool:
    """Whether a reason is one of the moment, such as a permission or a full memory, and not the file's own.

    Example:
        >>> passing(reason(PermissionError(13, "Permission denied"))), passing(reason(OSError("truncated")))
        (True, False)
    """
    return why.startswith(("[Errno ", "[WinError ", "MemoryError", "Unable to allocate"))


@contextmanager
def quietly() -> Iterator[None]:
    """Keep Pillow's warnings about damaged files from people; a refused file is reported as such.

    Filters belong to the whole process: enter before threads start, leave when they have ended.
    """
    logger = logging.getLogger("PIL")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def _opened(content: Path | BytesIO) -> Iterator[Image.Image]:
    with Image.open(content, formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(
                f"{image.width}×{image.height} pixels are more than {MOST_PIXELS // 10**6} megapixels"
            )
        yield image


def _reduce(image: Image.Image, transform: Transform) -> None:
    width, height = image.size[::-1] if _sideways(image) else image.size
    left, upper, right, lower = transform.box(width, height)
    excess = min((right - left) / transform.size[1], (lower - upper) / transform.size[0]) / 2
    if excess >= 2:
        image.draft(None, (ceil(image.width / excess), ceil(image.height / excess)))


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION)
    except HOSTILE:
        return 1  # the pixels may still be sound
    return found if isinstance(found, int) else 1


def _sideways(image: Image.Image) -> bool:
    # Pillow turns TIFF itself.
    return image.format != "TIFF" and _orientation(image) in (5, 6, 7, 8)


def _turned(pixels: Image.Image, as_file: Image.Image) -> Image.Image:
    turn = None if as_file.format == "TIFF" else _TURNS.get(_orientation(as_file))
    return pixels if turn is None else pixels.transpose(turn)


def _coloured(image: Image.Image, channels: int) -> Image.Image:
    shallow = _eight_bits(image)
    if channels in (1, 3) and shallow.has_transparency_data:
        coloured = _in_mode(shallow, "RGBA")
        shallow = Image.new("RGB", coloured.size, (255, 255, 255))
        shallow.paste(coloured, mask=coloured)
    return _in_mode(shallow, _MODES[channels])


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    # Pillow would copy an image that has the mode already, and a large one fills the memory.
    return image if image.mode == mode and "transparency" not in image.info else image.convert(mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range, give a .npy file")
    if not image.mode.startswith("I"):
        return image
    # Pillow would clip deeper pixels to 255 instead of scaling them.
    deep: Shaped[np.ndarray, "H W"] = np.asarray(image)
    shallow = np.empty(deep.shape, np.uint8)
    transparent = image.info.get("transparency")
    for start in range(0, len(deep), 256):
        rows = deep[start : start + 256]
        scaled = (rows.clip(0, 65535) / 257).round()
        shallow[start : start + 256] = (
            scaled if transparent is None else np.where(rows == transparent, 255, scaled)
        )
    return Image.fromarray(shallow)
