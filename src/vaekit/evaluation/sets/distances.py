"""Distances between the vectors of two sets, a block of rows at a time, and nearest neighbours."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaekit.errors import UserError

AT_ONCE = 2**20
"""Distances that a block holds: 8 MB of float64."""
FEWEST_ROWS = 128
"""Of a block, however large the other set is: a product of few rows is slow."""
ROUNDING = 1e-12
"""Of the largest squared length: a smaller squared distance is rounding, and the vectors are the same."""
SLACK = 1 + 1e-9
"""Two computed distances of the same pair may differ in their last digits; on the rim counts as within."""


def check_sets(*sets: Float[Tensor, "_ _"], names: Sequence[str], fewest: int) -> None:
    """Refuse sets that cannot be compared.

    Raises:
        UserError: if the vectors differ in length, a set has fewer members than `fewest`, or a number is not
            finite.
    """
    for name, vectors in zip(names, sets, strict=True):
        if vectors.shape[1] != sets[0].shape[1]:
            raise UserError(
                f"vectors of one space are compared: the {names[0]} ones have {sets[0].shape[1]} numbers each, "
                f"the {name} ones {vectors.shape[1]}"
            )
        if len(vectors) < fewest:
            raise UserError(f"{len(vectors)} {name} vectors are too few, {fewest} are the fewest: give more")
        if not vectors.isfinite().all():
            raise UserError(f"a {name} vector holds NaN or infinity: look at what made these features")


def squared_distances(
    a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]
) -> Iterator[tuple[int, Float[Tensor, "n M"]]]:
    """Give ‖a_i − b_j‖² = ‖a_i‖² + ‖b_j‖² − 2 a_i·b_j in float64, by blocks of rows of a.

    Yields:
        The place of the block's first row, and the block.

    Example:
        >>> [(at, d.tolist()) for at, d in squared_distances(torch.zeros(1, 2), torch.ones(3, 2))]
        [(0, [[2.0, 2.0, 2.0]])]
    """
    a, b = a.detach().double(), b.detach().double()
    lengths = b.square().sum(1)
    rounding = ROUNDING * max(a.square().sum(1).max().item(), lengths.max().item())
    at = 0
    for rows in a.split(max(FEWEST_ROWS, AT_ONCE // len(b))):
        square = torch.addmm(lengths, rows, b.T, alpha=-2).add_(rows.square().sum(1, keepdim=True))
        yield at, square.masked_fill_(square <= rounding, 0.0)
        at += len(rows)


def squared_radii(x: Float[Tensor, "N F"], k: int) -> Float[Tensor, " N"]:
    """The squared distance of each vector to its k-th nearest among the others of its set.

    Example:
        >>> squared_radii(torch.tensor([[0.0], [1.0], [3.0]]), 1).tolist()
        [1.0, 1.0, 4.0]
    """
    found: list[Tensor] = []
    for at, square in squared_distances(x, x):
        square.diagonal(at).fill_(torch.inf)
        found.append(square.topk(k, largest=False).values[:, -1])
    return torch.cat(found)


def nearest(
    a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]
) -> tuple[Float[Tensor, " N"], Int[Tensor, " N"]]:
    """The distance of each vector of a to the nearest of b, and that one's place in b.

    Example:
        >>> distance, place = nearest(torch.tensor([[2.0]]), torch.tensor([[9.0], [3.0]]))
        >>> distance.item(), place.item()
        (1.0, 1)
    """
    found = [square.min(1) for _, square in squared_distances(a, b)]
    return torch.cat([least.values for least in found]).sqrt(), torch.cat([least.indices for least in found])
