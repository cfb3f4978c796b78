"""All comparisons of a set of real with a set of generated vectors, in one record."""

import math
from dataclasses import astuple, dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.evaluation.sets.distances import check_sets
from vaekit.evaluation.sets.frechet import frechet_distance, frechet_error, frechet_floor, frechet_note
from vaekit.evaluation.sets.groups import GROUPS, groups
from vaekit.evaluation.sets.kernel import kernel_distance
from vaekit.evaluation.sets.prdc import NEIGHBOURS, Coverage, coverage, expected_coverage

FEWEST = 2 * GROUPS
DIVISIONS = 10
"""Of both sets into halves, for the standard errors of shares."""


@final
@dataclass(frozen=True)
class Measured:
    """A number and its standard error.

    Args:
        value: the number.
        standard_error: of it, over the draw of both sets; NaN where they are too small to tell.
    """

    value: float
    standard_error: float


@final
@dataclass(frozen=True)
class SetComparison:
    """How a set of generated vectors compares with a set of real ones.

    Args:
        frechet: squared Fréchet distance, too large by about `frechet_floor`.
        frechet_floor: what a perfect generator would read with sets of these sizes.
        kernel: MMD² with the cubic kernel, unbiased.
        kernel_subsets: over which its standard error is taken.
        precision: share of generated vectors within a real ball.
        recall: share of real vectors within a generated ball.
        density: real balls around a generated vector, over k; 1 for a perfect generator.
        coverage: share of real balls that hold a generated vector.
        expected_coverage: of a perfect generator.
        real: N.
        generated: M.
        dimensions: F.
        k: neighbours of the balls.
        notes: what makes one of these numbers doubtful.
    """

    frechet: Measured
    frechet_floor: float
    kernel: Measured
    kernel_subsets: int
    precision: Measured
    recall: Measured
    density: Measured
    coverage: Measured
    expected_coverage: float
    real: int
    generated: int
    dimensions: int
    k: int
    notes: tuple[str, ...] = ()


def compare_sets(
    real: Float[Tensor, "N F"], generated: Float[Tensor, "M F"], k: int = NEIGHBOURS, seed: int = 0
) -> SetComparison:
    """Compare two sets of vectors by Fréchet and kernel distance, precision, recall, density and coverage.

    Standard errors cover the draw of both sets: of the Fréchet distance by a jackknife, of the kernel distance over
    disjoint subsets, of the others the spread over ten divisions into halves. With seed and sets given, all is
    repeatable. Distances are taken in blocks: 10,000 against 10,000 vectors need some 100 MB.

    Args:
        real: vectors of real examples.
        generated: vectors of generated ones, in the same space.
        k: neighbours.
        seed: of subsets and groups.

    Raises:
        UserError: if the vectors differ in length, or a set has fewer than 20 or no more than k.

    Example:
        >>> x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
        >>> found = compare_sets(x[:200], x[200:])
        >>> found.frechet.value < 0.1, found.coverage.value > 0.9, found.notes
        (True, True, ())
    """
    check_sets(real, generated, names=("real", "generated"), fewest=max(FEWEST, k + 1))
    shares = coverage(real, generated, k)
    errors = _errors_of_shares(real, generated, k, seed)
    kernel = kernel_distance(real, generated, seed=seed)
    note = frechet_note(real, generated)
    return SetComparison(
        frechet=Measured(frechet_distance(real, generated), frechet_error(real, generated, seed)),
        frechet_floor=frechet_floor(real, len(generated), seed),
        kernel=Measured(kernel.value, kernel.standard_error),
        kernel_subsets=kernel.subsets,
        precision=Measured(shares.precision, errors.precision),
        recall=Measured(shares.recall, errors.recall),
        density=Measured(shares.density, errors.density),
        coverage=Measured(shares.coverage, errors.coverage),
        expected_coverage=expected_coverage(len(real), len(generated), k),
        real=len(real),
        generated=len(generated),
        dimensions=real.shape[1],
        k=k,
        notes=(note,) if note else (),
    )


def _errors_of_shares(real: Tensor, generated: Tensor, k: int, seed: int) -> Coverage:
    """The four standard errors: the spread over ten random divisions of both sets into halves.

    s.e.² = (N − n)/n · mean (θ_half − mean θ)², which for halves is their variance. Balls of halves are almost
    those of the whole; in a tenth they are so much larger that the shares are others, with another spread.

    Source: Shao & Wu 1989, https://doi.org/10.1214/aos/1176347263 (the delete-d jackknife).
    """
    if min(len(real), len(generated)) < GROUPS * (k + 1):
        return Coverage(math.nan, math.nan, math.nan, math.nan)
    halves = [
        astuple(coverage(x, y, k))
        for division in range(seed, seed + DIVISIONS)
        for x, y in zip(groups(real, 2, division), groups(generated, 2, division), strict=True)
    ]
    return Coverage(*torch.tensor(halves, dtype=torch.float64).std(0, correction=0).tolist())
