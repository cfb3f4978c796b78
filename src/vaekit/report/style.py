"""One look for all pictures: colours, type, axes; matplotlib through its objects, never through pyplot."""

from functools import cache
from math import ceil
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

INK = "#1f2933"
MUTED = "#6b7785"
FAINT = "#d5dbe1"
SEPARATOR = "#bcc5cd"
PAPER = "#ffffff"
BLUE = "#2f6db5"
ORANGE = "#d9722e"
CLASSES = (
    "#2f6db5",
    "#d9722e",
    "#3a9453",
    "#c23b4e",
    "#8159a8",
    "#8a6248",
    "#dd7fb8",
    "#7d858d",
    "#b3a428",
    "#35a6b5",
)
"""Colours of ten classes, told apart on white."""
DPI = 120
MARGIN = 16
"""White around a sheet, in pixels."""


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of that size in inches, its canvas attached.

    Example:
        >>> as_image(new_figure(4, 2)).size
        (480, 240)
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Give axes their labels and the common look: a light grid, no box."""
    axes.set_title(title, fontsize=12, color=INK, loc="left", pad=10)
    axes.set_xlabel(x_label, fontsize=10.5, color=INK)
    axes.set_ylabel(y_label, fontsize=10.5, color=INK)
    axes.tick_params(labelsize=9.5, colors=MUTED, length=0)
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def as_image(figure: Figure) -> Image.Image:
    """Draw a figure and return its pixels, RGB."""
    canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The typeface of the figures, for sheets; matplotlib brings its file along."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def headed(image: Image.Image, title: str, note: str, size: int = 14) -> Image.Image:
    """Put a bold title and a smaller note above a picture, which is widened where they need more room.

    Args:
        image: RGB.
        title: or nothing.
        note: or nothing.
        size: of the type, in pixels.

    Example:
        >>> headed(Image.new("RGB", (600, 80)), "Samples", "").size
        (600, 123)
    """
    if not title and not note:
        return image
    large, small = font(size + 3, bold=True), font(size - 1)
    lines = [(title, large, INK, 2.0 * size), (note, small, MUTED, 1.8 * size)]
    needed = 2 * MARGIN + ceil(max(large.getlength(title), small.getlength(note)))
    above = MARGIN - 1 + sum(ceil(height) for text, _, _, height in lines if text)
    result = Image.new("RGB", (max(image.width, needed), image.height + above), PAPER)
    result.paste(image, (0, above))
    pen, y = ImageDraw.Draw(result), float(MARGIN)
    for text, face, colour, height in lines:
        if text:
            pen.text((MARGIN, y), text, colour, face)
            y += height
    return result
