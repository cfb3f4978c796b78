"""Sprites: drawn shapes on a full grid of five known factors, for measuring what latents stand for."""

from itertools import product

import numpy as np
from jaxtyping import Int64, UInt8

from vaekit.data.drawn import FINER, SHAPES, SIDE, Factors, draw_fine, drawn
from vaekit.data.records import Data
from vaekit.data.splits import SplitOptions

SIZES = (4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
"""Half the width of an outline's box, in pixels."""
ANGLES = tuple(k * np.pi / 16 for k in range(8))
"""From 0 to 78.75°: a square looks the same after 90°, so that here every shape looks different at each."""
PLACES = tuple(11.625 + 1.25 * k for k in range(8))
"""Of the centre, in pixels: whole numbers of finer pixels apart, and far enough from the edge for every shape."""


def sprite_factors() -> Factors:
    """Return the factors of all 9,216 sprites: every combination once, y fastest.

    Example:
        >>> sprite_factors().table().shape
        (9216, 5)
    """
    grid = np.array(list(product(range(len(SHAPES)), SIZES, ANGLES, PLACES, PLACES)))
    shape, size, angle, x, y = grid.T.copy()
    return Factors(shape.astype(np.int64), size, angle, x, y)


def draw_sprites() -> UInt8[np.ndarray, "9216 32 32"]:
    """Draw every sprite, white on black, 32×32 pixels of 256 levels, in the order of `sprite_factors`.

    Shapes are drawn once per size and angle, and moved by whole finer pixels: a pixel's mean is a difference
    of sums over rectangles.

    Example:
        >>> draw_sprites().shape
        (9216, 32, 32)
    """
    first = PLACES[0]
    rows = _edges()
    pictures = [
        _at_every_place(np.asarray(draw_fine(*row, first, first)), rows)
        for row in product(range(len(SHAPES)), SIZES, ANGLES)
    ]
    return np.concatenate(pictures)


def load_sprites(levels: int | None = None, options: SplitOptions | None = None) -> Data:
    """Return 9,216 sprites with classes and five independent factors: shape, size, angle, x and y.

    Three shapes, six sizes, eight angles and eight places in each direction, every combination once.

    Args:
        levels: 256, or None for the same.
        options: fractions and seed of the splits; None for the defaults.

    Raises:
        UserError: another number of levels.

    Source: after Matthey et al. 2017, dSprites, https://github.com/deepmind/dsprites-dataset.

    Example:
        >>> load_sprites().factor_names
        ('shape', 'size', 'angle', 'x', 'y')
    """
    return drawn("sprites", sprite_factors(), lambda _: draw_sprites(), levels, options)


def _edges() -> Int64[np.ndarray, "P 33"]:
    """For every place, where the edges of pixels lie in the picture drawn at the first place, in finer pixels."""
    shifts = np.round((np.array(PLACES) - PLACES[0]) * FINER).astype(np.int64)
    edges = FINER * np.arange(SIDE + 1) - shifts[:, None]
    return edges.clip(0, FINER * SIDE)  # nothing lies beyond


def _at_every_place(
    fine: UInt8[np.ndarray, "F F"], edges: Int64[np.ndarray, "P 33"]
) -> UInt8[np.ndarray, "PP 32 32"]:
    """Move a finely drawn shape to every x, and there to every y, and take means over pixels."""
    sums = np.zeros((len(fine) + 1, len(fine) + 1), np.int64)
    sums[1:, 1:] = fine.astype(np.int64).cumsum(0).cumsum(1)
    corners = sums[edges[None, :, :, None], edges[:, None, None, :]]  # x, y, row, column
    pixels = np.diff(np.diff(corners, axis=2), axis=3).reshape(-1, SIDE, SIDE)
    return np.round(pixels / FINER**2).astype(np.uint8)
