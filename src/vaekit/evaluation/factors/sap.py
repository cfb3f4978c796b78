"""The separated attribute predictability: how much better the best dimension predicts a factor than the second."""

import numpy as np
from jaxtyping import Float64, Int64

from vaekit.evaluation.factors.score import Score, jackknifed
from vaekit.evaluation.factors.tables import MOST_VALUES, Table, checked, gaps

PLACES = 100
"""Where thresholds may lie: between as many parts of about as many examples each."""


def sap(codes: Table, factors: Table, seed: int = 0) -> Score:
    """Mean over factors of the best score of one dimension less the second best.

    The score of a dimension is how well it predicts the factor alone. For a factor with an order: the squared
    correlation. For one of M classes, which is one of the whole numbers 0 … M−1, all present and M ≤ 20: the
    balanced accuracy b of the best M−1 thresholds, as (b − 1/M)/(1 − 1/M), so that guessing has 0 and identity
    1 (the paper leaves guessing at 1/M). A dimension that never changes has 0.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the groups of the standard error.

    Raises:
        UserError: tables that do not fit each other, or a factor that takes one value only.

    Source: Kumar et al. 2018, https://arxiv.org/abs/1711.00848, section 3.

    Example:
        >>> factors = np.array([[a, b] for a in range(5) for b in (0.1, 0.2, 0.3, 0.4)])
        >>> [round(each, 6) for each in sap(2.0 * factors + 1, factors).each]
        [1.0, 1.0]
    """
    z, y = checked(codes, factors)
    parts = [_parts(column) for column in z.T]

    def statistic(rows: np.ndarray) -> list[float]:
        table = np.zeros((z.shape[1], y.shape[1]))
        for k, factor in enumerate(y[rows].T):
            for j in range(z.shape[1]):
                if are_classes(y[:, k]):
                    table[j, k] = threshold_score(parts[j][rows], factor.astype(np.int64))
                else:
                    table[j, k] = _squared_correlation(z[rows, j], factor)
        return gaps(table).tolist()

    return jackknifed(statistic, len(z), seed)


def are_classes(column: Float64[np.ndarray, " N"]) -> bool:
    """Whether a factor is one of classes: whole numbers 0 … M−1, all present, M ≤ 20.

    Example:
        >>> are_classes(np.array([2.0, 0.0, 1.0])), are_classes(np.array([4.0, 5.0, 6.0]))
        (True, False)
    """
    values = np.unique(column)
    return len(values) <= MOST_VALUES and np.array_equal(values, np.arange(len(values)))


def threshold_score(part: Int64[np.ndarray, " N"], label: Int64[np.ndarray, " N"]) -> float:
    """(b − 1/M)/(1 − 1/M) with b the balanced accuracy of the best M−1 thresholds, found exactly.

    Args:
        part: the ordered part that each value of a dimension lies in; thresholds lie between parts.
        label: the class of each.

    Example:
        >>> threshold_score(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2]))
        1.0
    """
    sizes = np.bincount(label)
    there = np.flatnonzero(sizes)
    count = len(there)
    if count < 2:
        return 0.0
    width = int(part.max()) + 1
    mass = np.bincount(label * width + part, minlength=len(sizes) * width).reshape(-1, width)[there]
    upto = np.pad((mass / sizes[there, None]).cumsum(1), ((0, 0), (1, 0)))
    # won[a, b]: the best class's share of the parts from a to before b.
    won = (upto[:, None, :] - upto[:, :, None]).max(0)
    won[np.tril_indices(width + 1, -1)] = -np.inf
    best = won[0]
    for _ in range(count - 1):
        best = (best[:, None] + won).max(0)
    chance = 1 / count
    return float((best[-1] / count - chance) / (1 - chance))


def _parts(column: Float64[np.ndarray, " N"]) -> Int64[np.ndarray, " N"]:
    values, index = np.unique(column, return_inverse=True)
    if len(values) <= PLACES:
        return index.astype(np.int64)
    edges = np.unique(np.quantile(column, np.arange(1, PLACES) / PLACES))
    return np.searchsorted(edges, column, side="right").astype(np.int64)


def _squared_correlation(a: Float64[np.ndarray, " N"], b: Float64[np.ndarray, " N"]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = (a @ a) * (b @ b)
    # A constant column is left with rounding errors about its mean, which no division shall raise.
    return float((a @ b) ** 2 / scale) if np.ptp(a) > 0 and scale > 0 else 0.0
