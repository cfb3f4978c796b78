"""From a tensor of images to pictures inside the page: small files, whatever the images are."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from vaekit.report.page.blocks import Picture
from vaekit.report.tiles import SMOOTH_BELOW, tiles

LARGEST = 192
"""Larger images are made smaller: a page holds about a hundred of them."""
PHOTOGRAPH = 48
"""Colour images with a longer side are written as JPEG, smaller ones as PNG."""
QUALITY = 88


def is_crisp(shape: Sequence[int]) -> bool:
    """Whether pixels should be seen as squares: images of 16 to 47 pixels; smaller ones are enlarged smoothly."""
    return min(shape[-2:]) >= SMOOTH_BELOW and max(shape[-2:]) < PHOTOGRAPH


def side_for(shape: Sequence[int]) -> int:
    """How wide a tile stands on a desktop, in CSS pixels.

    Example:
        >>> side_for((1, 8, 8)), side_for((3, 64, 64)), side_for((3, 256, 256))
        (64, 96, 160)
    """
    width = shape[-1]
    return 64 if width < 40 else 96 if width < 100 else 160


def pictures(images: Float[Tensor, "N C H W"], alts: Sequence[str]) -> list[Picture]:
    """Each image as a picture of its own.

    Args:
        images: values in [0, 1].
        alts: what each shows.
    """
    return [_picture(tile, alt) for tile, alt in zip(_tiles(images), alts, strict=True)]


def strip(images: Float[Tensor, "N C H W"], alt: str) -> Picture:
    """Images side by side in one picture.

    Args:
        images: values in [0, 1].
        alt: what they show.
    """
    return _picture(np.concatenate([*_tiles(images)], axis=1), alt)


def _tiles(images: Float[Tensor, "N C H W"]) -> UInt8[np.ndarray, "N h w 3"]:
    longest = max(images.shape[-2:])
    if longest > LARGEST:
        size = [max(1, round(side * LARGEST / longest)) for side in images.shape[-2:]]
        images = interpolate(images.float(), size=size, mode="area")
    smallest = min(images.shape[-2:])
    return tiles(images, -(-4 * SMOOTH_BELOW // smallest) if smallest < SMOOTH_BELOW else 1)


def _picture(pixels: UInt8[np.ndarray, "h w 3"], alt: str) -> Picture:
    height, width = pixels.shape[:2]
    grey = bool((pixels == pixels[..., :1]).all())
    image = Image.fromarray(pixels[..., 0] if grey else pixels)
    file = io.BytesIO()
    if not grey and height >= PHOTOGRAPH:
        image.save(file, format="jpeg", quality=QUALITY)
        kind = "jpeg"
    else:
        image.save(file, format="png", optimize=True)
        kind = "png"
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/{kind};base64,{text}", width, height, alt)
