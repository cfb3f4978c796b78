"""Precision, recall, density and coverage: whether samples look real, and whether all that is real is sampled."""

from dataclasses import dataclass
from math import prod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.errors import UserError
from vaekit.evaluation.sets.distances import SLACK, check_sets, squared_distances, squared_radii

NEIGHBOURS = 5


@final
@dataclass(frozen=True)
class Coverage:
    """Four shares of balls that reach to the k-th nearest neighbour within a set.

    Args:
        precision: share of generated vectors within some real ball.
        recall: share of real vectors within some generated ball.
        density: real balls around a generated vector, divided by k; about 1 for a perfect generator, above 1
            where it keeps to the dense parts.
        coverage: share of real balls with a generated vector in them.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def coverage(real: Float[Tensor, "N F"], generated: Float[Tensor, "M F"], k: int = NEIGHBOURS) -> Coverage:
    """Measure precision, recall, density and coverage with balls B(x_i, r_k(x_i)).

    precision = (1/M) Σ_j 1[y_j ∈ ∪_i B(x_i)], recall the same with x and y exchanged,
    density = (1/kM) Σ_j Σ_i 1[y_j ∈ B(x_i)], coverage = (1/N) Σ_i 1[∃ j: y_j ∈ B(x_i)].
    r_k is the distance to the k-th nearest other vector of the same set. A vector on the rim is within, so
    that a set covers itself, duplicates included. Precision and recall trust every ball, and one outlier's
    large ball holds much: where they disagree with density and coverage, believe the latter two. All depend on N
    and M: `expected_coverage` is what a perfect generator gets.

    Args:
        real: vectors of real examples.
        generated: vectors of generated ones.
        k: neighbours.

    Raises:
        UserError: if the vectors differ in length, or a set has no more than k.

    Source: Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991; Naeem et al. 2020,
    https://arxiv.org/abs/2002.09797.

    Example:
        >>> x = torch.arange(10.0)[:, None]
        >>> coverage(x, x[:5], k=1)
        Coverage(precision=1.0, recall=0.6, density=2.8, coverage=0.6)
    """
    if k < 1:
        raise UserError(f"a ball needs a neighbour to reach to: k is at least 1, not {k}")
    check_sets(real, generated, names=("real", "generated"), fewest=k + 1)
    around_real, around_generated = squared_radii(real, k) * SLACK, squared_radii(generated, k) * SLACK
    within = torch.zeros(len(generated), dtype=torch.float64, device=generated.device)
    recalled, covered = 0, 0
    for at, square in squared_distances(real, generated):
        inside = square <= around_real[at : at + len(square), None]
        within += inside.sum(0)
        covered += int(inside.any(1).sum())
        recalled += int((square <= around_generated).any(1).sum())
    return Coverage(
        precision=(within > 0).double().mean().item(),
        recall=recalled / len(real),
        density=within.mean().item() / k,
        coverage=covered / len(real),
    )


def expected_coverage(real: int, generated: int, k: int = NEIGHBOURS) -> float:
    """What coverage is on average for a perfect generator: 1 − Π_{i≤k} (N − i)/(N + M − i).

    Of the N − 1 other real and the M generated vectors, in the order of their distance to x_i, every order is
    as likely as any other; x_i is not covered if the k nearest are all real. For density the same argument
    gives k/N for every ball and vector, thus 1 for all N, M and k.

    Args:
        real: N.
        generated: M.
        k: neighbours.

    Source: Naeem et al. 2020, https://arxiv.org/abs/2002.09797.

    Example:
        >>> round(expected_coverage(1000, 1000), 4)
        0.969
    """
    return 1 - prod((real - i) / (real + generated - i) for i in range(1, k + 1))
