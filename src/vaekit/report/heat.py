"""Heat maps: the sheet of vectors, one row for each example and one column for each dimension."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from vaekit.errors import UserError
from vaekit.report.style import INK, MUTED, as_image, headed, new_figure

MOST_ROW_TICKS, MOST_COLUMN_TICKS = 24, 12


def heat_maps(
    panels: Sequence[tuple[str, Float[Tensor, "_ _"]]],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str = "",
    note: str = "",
    x_label: str = "dimension of x",
    y_label: str = "example",
) -> Image.Image:
    """Show matrices side by side with one colour scale.

    Colours run from the smallest to the largest value of all panels, or symmetrically about white where
    the values have both signs. What is missing (NaN) stays blank.

    Args:
        panels: a heading and values for each.
        row_labels: for the rows of every panel; default: their numbers.
        column_labels: likewise for the columns.
        title: of the whole.
        note: under the title.
        x_label: what columns are.
        y_label: what rows are.

    Raises:
        UserError: if a value is infinite, or a whole matrix is not a number.

    Example:
        >>> import torch
        >>> heat_maps([("original", torch.rand(5, 3)), ("reconstruction", torch.rand(5, 3))]).mode
        'RGB'
    """
    matrices = [values.detach().cpu().float().numpy() for _, values in panels]
    low, high, colours = _range(matrices)
    across = min(len(panels), 4)
    down = ceil(len(panels) / across)
    figure = new_figure(
        max(7.5, 0.8 + 2.6 * across), 0.9 + down * min(6.0, max(2.6, 0.14 * len(matrices[0]) + 1))
    )
    axes = figure.subplots(down, across, squeeze=False)
    image = None
    for index, place in enumerate(axes.flat):
        if index >= len(panels):
            place.set_axis_off()
            continue
        image = place.imshow(
            matrices[index], cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest"
        )
        _label(place, panels[index][0], row_labels, column_labels, matrices[index].shape)
        if index % across == 0:
            place.set_ylabel("" if row_labels else y_label, fontsize=10, color=INK)
        if index + across >= len(panels):
            place.set_xlabel(x_label, fontsize=10, color=INK)
    if image is not None:
        bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=9, colors=MUTED, length=0)
        bar.set_label("value of x", fontsize=10, color=INK)
    return headed(as_image(figure), title, note)


def _range(matrices: Sequence[np.ndarray]) -> tuple[float, float, str]:
    # Single values may be missing (NaN) and stay blank; of a model that diverged all are.
    if any(np.isnan(m).all() for m in matrices) or any(np.isinf(m).any() for m in matrices):
        raise UserError("a picture holds values that are not finite: the model's training diverged")
    low, high = min(float(np.nanmin(m)) for m in matrices), max(float(np.nanmax(m)) for m in matrices)
    if low < 0 < high:
        largest = max(-low, high)
        return -largest, largest, "RdBu_r"
    return low, high if high > low else low + 1, "viridis"


def _label(
    axes: Axes, heading: str, row_labels: Sequence[str], column_labels: Sequence[str], shape: tuple[int, ...]
) -> None:
    axes.set_title(heading, fontsize=10.5, color=INK, loc="left")
    axes.tick_params(labelsize=9, colors=MUTED, length=0)
    for axis, labels, count, most in (
        (axes.yaxis, row_labels, shape[0], MOST_ROW_TICKS),
        (axes.xaxis, column_labels, shape[1], MOST_COLUMN_TICKS),
    ):
        if labels:
            places = [i for i, text in enumerate(labels) if text]
            axis.set_ticks(places, [labels[i] for i in places])
        else:
            axis.set_ticks(range(0, count, ceil(count / most)))
    for side in axes.spines.values():
        side.set_visible(False)
