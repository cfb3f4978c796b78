"""A contact sheet: some examples side by side on one picture."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image

from vaekit.data.records import Data, unit
from vaekit.files import replacing

COLUMNS, ROWS = 10, 6
LARGEST = 256
"""Sides of more pixels are thinned out."""
_WIDEST = 1600
_GAP, _PAPER = 2, 255


def write_sheet(data: Data, path: Path) -> None:
    """Draw examples of the training set, evenly spread over it.

    Raises:
        OSError: a file that cannot be written.
    """
    values = data.train.values
    count = min(COLUMNS * ROWS, len(values))
    step = -(-max(values.shape[2:]) // LARGEST)
    shown = [values[row * len(values) // count][..., ::step, ::step] for row in range(count)]
    save_sheet(unit(np.stack(shown), data.stored_levels), path)


def save_sheet(images: Float32[np.ndarray, "N C H W"], path: Path) -> None:
    """Draw images in [0, 1] row by row; alpha is laid over white.

    Raises:
        OSError: a file that cannot be written.
    """
    with replacing(path) as temporary:
        Image.fromarray(_laid_out(_coloured(images))).save(temporary, format="png")


def _coloured(images: Float32[np.ndarray, "N C H W"]) -> Shaped[np.ndarray, "N H W 3"]:
    channels = images.shape[1]
    colours, alpha = (images[:, :-1], images[:, -1:]) if channels in (2, 4) else (images, None)
    if alpha is not None:
        colours = colours * alpha + 1 - alpha
    colours = np.broadcast_to(colours, (len(images), 3, *images.shape[2:]))
    return np.rint(colours.clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)


def _laid_out(images: Shaped[np.ndarray, "N H W 3"]) -> Shaped[np.ndarray, "h w 3"]:
    """Enlarge small images by a whole number, and put all on white."""
    columns = min(COLUMNS, len(images))
    scale = max(1, _WIDEST // (columns * images.shape[2]))
    scale = min(scale, max(1, 64 // images.shape[2]))
    tiles = images.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = tiles.shape[1] + _GAP, tiles.shape[2] + _GAP
    rows = -(-len(tiles) // columns)
    page = np.full((rows * height + _GAP, columns * width + _GAP, 3), _PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = _GAP + place // columns * height, _GAP + place % columns * width
        page[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return page
