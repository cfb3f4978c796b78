"""The grid of quantised data: level k of L sits at k/(L−1), and its cell reaches halfway to its neighbours.

The outermost cells end where the distribution's support ends: at ±∞ on the real line, at 0 and 1 on the
unit interval. A value off the grid belongs to the cell of the nearest level.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vaekit.errors import UserError


def level_index(x: Float[Tensor, "*shape"], levels: int) -> Float[Tensor, "*shape"]:
    """Give the index k of the level nearest to x, 0 ≤ k < L, as a float that carries no gradient.

    Args:
        x: values in [0, 1].
        levels: L ≥ 2.

    Raises:
        UserError: fewer than two levels.

    Example:
        >>> level_index(torch.tensor([0.0, 0.49, 1.0]), 3).tolist()
        [0.0, 1.0, 2.0]
    """
    if levels < 2:
        raise UserError(f"quantised data need at least 2 levels, not {levels}: give the number of levels")
    return (x.detach() * (levels - 1)).round().clamp(0, levels - 1)


def level_values(levels: int, dtype: torch.dtype, device: torch.device | None = None) -> Float[Tensor, " L"]:
    """List the values k/(L−1) of all levels.

    Example:
        >>> level_values(3, torch.float32).tolist()
        [0.0, 0.5, 1.0]
    """
    return torch.arange(levels, dtype=dtype, device=device) / (levels - 1)


def cell_edges(
    x: Float[Tensor, "*shape"], levels: int
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Give the midpoints (k ∓ ½)/(L−1) that bound the cell of x, for the outermost cells too.

    Neighbours share their edge bit for bit, so that masses telescope.

    Args:
        x: values in [0, 1].
        levels: L ≥ 2.

    Raises:
        UserError: fewer than two levels.

    Example:
        >>> cell_edges(torch.tensor([0.5, 1.0]), 3)
        (tensor([0.2500, 0.7500]), tensor([0.7500, 1.2500]))
    """
    index = level_index(x, levels)
    return (index - 0.5) / (levels - 1), (index + 0.5) / (levels - 1)


def is_lowest(x: Float[Tensor, "*shape"], levels: int) -> Bool[Tensor, "*shape"]:
    """Tell which values lie in the lowest cell, within half a cell of 0."""
    return level_index(x, levels) == 0


def is_highest(x: Float[Tensor, "*shape"], levels: int) -> Bool[Tensor, "*shape"]:
    """Tell which values lie in the highest cell, within half a cell of 1."""
    return level_index(x, levels) == levels - 1
