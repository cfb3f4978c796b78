"""Drawn shapes whose place, size and angle are known: pictures for looking at what latents stand for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from vaekit.data.assemble import Part, assemble
from vaekit.data.records import Data, Split
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

LEVELS = 256
COUNT = 3000
SIDE = 32
FINER = 8
"""Pixels are means of 8×8 finer ones, so that edges are grey."""
SHAPES = ("square", "ellipse", "heart")
FACTORS = ("shape", "size", "angle", "x", "y")


@final
@dataclass(frozen=True, eq=False)
class Factors:
    """What each picture was drawn from; all factors are independent of each other.

    Args:
        shape: 0 square, 1 ellipse, 2 heart, (N,).
        size: half the width of its outline's box in pixels, 5 to 9, (N,).
        angle: in radians, 0 to 2π, (N,); squares and ellipses look the same at several.
        x: of the centre, from the left, pixels, (N,).
        y: of the centre, from the top, pixels, (N,).
    """

    shape: Int64[np.ndarray, " N"]
    size: Float64[np.ndarray, " N"]
    angle: Float64[np.ndarray, " N"]
    x: Float64[np.ndarray, " N"]
    y: Float64[np.ndarray, " N"]

    def table(self) -> Float64[np.ndarray, "N 5"]:
        """One column for each of shape, size, angle, x and y."""
        return np.stack([getattr(self, name).astype(np.float64) for name in FACTORS], 1)

    def of(self, split: Split) -> Float64[np.ndarray, "M 5"]:
        """The rows of the table that belong to the examples of a split, in their order."""
        return self.table()[split.index_in_source]


def draw_factors(count: int = COUNT, seed: int = 0) -> Factors:
    """Draw the factors of `count` pictures, each uniformly and independently.

    Example:
        >>> draw_factors(10).table().shape
        (10, 5)
    """
    rng = np.random.default_rng(seed)
    shape = rng.integers(len(SHAPES), size=count)
    size, angle = rng.uniform(5, 9, count), rng.uniform(0, 2 * np.pi, count)
    # Far enough from the edge for the largest shape at any angle.
    x, y = rng.uniform(11.5, SIDE - 11.5, (2, count))
    return Factors(shape.astype(np.int64), size, angle, x, y)


def draw_shapes(factors: Factors) -> UInt8[np.ndarray, "N 32 32"]:
    """Draw each picture, white on black, 32×32 pixels of 256 levels.

    Example:
        >>> draw_shapes(draw_factors(4)).shape
        (4, 32, 32)
    """
    from PIL import Image

    pictures = np.empty((len(factors.shape), SIDE, SIDE), np.uint8)
    for i, row in enumerate(factors.table()):
        pictures[i] = np.asarray(draw_fine(*row.tolist()).resize((SIDE, SIDE), Image.Resampling.BOX))
    return pictures


def draw_fine(shape: float, size: float, angle: float, x: float, y: float) -> "Image.Image":
    """Draw one picture of 256×256 finer pixels, from which pictures are made by taking means.

    Args:
        shape: its place among `SHAPES`.
        size: as in `Factors`, and likewise the others.
        angle: in radians.
        x: of the centre, in pixels of 32×32.
        y: likewise.
    """
    from PIL import Image, ImageDraw

    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = (size * _outline(SHAPES[int(shape)]) @ turn + (x, y)) * FINER - 0.5
    fine = Image.new("L", (FINER * SIDE, FINER * SIDE))
    ImageDraw.Draw(fine).polygon(corners.flatten().tolist(), fill=LEVELS - 1)
    return fine


def load_shapes(levels: int | None = None, options: SplitOptions | None = None) -> Data:
    """Return 3,000 drawn squares, ellipses and hearts of 32×32 pixels with classes and factors; the same each time.

    Args:
        levels: 256, or None for the same.
        options: fractions and seed of the splits; None for the defaults.

    Raises:
        UserError: another number of levels.

    Source: after Matthey et al. 2017, dSprites, https://github.com/deepmind/dsprites-dataset.

    Example:
        >>> load_shapes().spec.shape
        (1, 32, 32)
    """
    return drawn("shapes", draw_factors(), draw_shapes, levels, options)


def drawn(
    name: str,
    factors: Factors,
    draw: Callable[[Factors], UInt8[np.ndarray, "N 32 32"]],
    levels: int | None,
    options: SplitOptions | None,
) -> Data:
    """Pictures with their classes and factors as a data set.

    Args:
        name: of the set.
        factors: of its pictures.
        draw: draws them.
        levels: 256, or None for the same.
        options: fractions and seed of the splits; None for the defaults.

    Raises:
        UserError: another number of levels.
    """
    if levels not in (None, LEVELS):
        raise UserError(f"{name} have {LEVELS} levels, not {levels}; leave levels out")
    part = Part(draw(factors), factors.shape, factors.table())
    data = assemble(name, {"train": part}, LEVELS, options or SplitOptions(), FACTORS)
    return replace(data, label_names=SHAPES)


def _outline(name: str) -> Float64[np.ndarray, "P 2"]:
    """Corners of a shape about the origin, in a box of half width 1; y points down."""
    if name == "square":
        return 0.85 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    if name == "ellipse":
        return np.stack([np.cos(t), 0.6 * np.sin(t)], 1)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, -y - 2.5], 1) / 16
