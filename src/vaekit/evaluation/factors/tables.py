"""Codes and factors as tables of numbers and of classes, and the information between their columns."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64, Num
from torch import Tensor

from vaekit.errors import UserError

BINS = 20
"""Of equal width, for the values of one dimension of the code."""
MOST_VALUES = 20
"""A factor with more different values than this is divided into `CLASSES` of about as many examples each."""
CLASSES = 10
FEWEST = 20

Table = Num[np.ndarray, "..."] | Num[Tensor, "..."]


def checked(codes: Table, factors: Table) -> tuple[Float64[np.ndarray, "N d"], Float64[np.ndarray, "N K"]]:
    """Return both as arrays of float64.

    Raises:
        UserError: other shapes than (N, d) and (N, K), fewer than 20 examples, values that are not finite, or a
            factor that takes one value only.

    Example:
        >>> z, y = checked(np.zeros((30, 2)), np.arange(60).reshape(30, 2))
        >>> z.shape, y.dtype.name
        ((30, 2), 'float64')
    """
    z, y = (_array(each) for each in (codes, factors))
    if z.ndim != 2 or y.ndim != 2 or len(z) != len(y) or not z.shape[1] or not y.shape[1]:
        raise UserError(
            f"codes have shape {z.shape} and factors {y.shape}: (N, d) and (N, K) with the same N are needed"
        )
    if len(z) < FEWEST:
        raise UserError(
            f"{len(z)} examples say nothing of how codes and factors correspond: give {FEWEST} or more"
        )
    for what, table in (("codes", z), ("factors", y)):
        if not np.isfinite(table).all():
            raise UserError(f"{what} hold NaN or infinity: leave those examples out")
    if stuck := [k for k in range(y.shape[1]) if np.ptp(y[:, k]) == 0]:
        raise UserError(f"factor {stuck[0]} takes one value only: leave its column out")
    return z, y


def classes(column: Float64[np.ndarray, " N"]) -> Int64[np.ndarray, " N"]:
    """Number the values of a factor from 0: each is a class, or where there are more than 20, each tenth.

    Example:
        >>> classes(np.array([0.5, 2.0, 0.5])).tolist()
        [0, 1, 0]
        >>> np.bincount(classes(np.arange(50.0))).tolist()
        [5, 5, 5, 5, 5, 5, 5, 5, 5, 5]
    """
    values, index = np.unique(column, return_inverse=True)
    if len(values) <= MOST_VALUES:
        return index.astype(np.int64)
    edges = np.unique(np.quantile(column, np.arange(1, CLASSES) / CLASSES))
    found = np.searchsorted(edges, column, side="right")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def bins(column: Float64[np.ndarray, " N"]) -> Int64[np.ndarray, " N"]:
    """In which of 20 bins of equal width between the smallest and the largest value each value lies.

    Example:
        >>> bins(np.array([-1.0, 0.1, 1.0])).tolist(), bins(np.zeros(2)).tolist()
        ([0, 11, 19], [0, 0])
    """
    low, width = column.min(), np.ptp(column)
    if not width > 0:
        return np.zeros(len(column), np.int64)
    return ((column - low) / width * BINS).astype(np.int64).clip(0, BINS - 1)


def entropy(classes: Int64[np.ndarray, " N"]) -> float:
    """H = −Σ p ln p of the frequencies of classes, nats.

    Example:
        >>> round(entropy(np.array([0, 0, 1, 1])), 4)
        0.6931
    """
    p = np.bincount(classes) / len(classes)
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def mutual_information(a: Int64[np.ndarray, " N"], b: Int64[np.ndarray, " N"]) -> float:
    """I = Σ p_ab ln(p_ab / p_a p_b) of the frequencies of classes, nats.

    Of N independent pairs of A and B classes it is about (A−1)(B−1)/2N instead of 0.

    Example:
        >>> round(mutual_information(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])), 4)
        0.6931
    """
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width) / len(a)
    independent = joint.sum(1, keepdims=True) * joint.sum(0)
    there = joint > 0
    return max(0.0, float((joint[there] * np.log(joint[there] / independent[there])).sum()))


def information(
    codes: Sequence[Int64[np.ndarray, " N"]], factors: Sequence[Int64[np.ndarray, " N"]]
) -> Float64[np.ndarray, "d K"]:
    """Mutual information of every dimension of the code with every factor, nats."""
    return np.array([[mutual_information(code, factor) for factor in factors] for code in codes])


def gaps(table: Float64[np.ndarray, "d K"]) -> Float64[np.ndarray, " K"]:
    """The largest of each column less the second largest, which is 0 where there is one row only.

    Example:
        >>> gaps(np.array([[0.5, 1.0], [0.25, 1.0]])).tolist()
        [0.25, 0.0]
    """
    ordered = np.sort(np.vstack([table, np.zeros(table.shape[1])]), axis=0)
    return ordered[-1] - ordered[-2]


def _array(table: Table) -> Float64[np.ndarray, "..."]:
    array = table.detach().cpu().numpy() if isinstance(table, Tensor) else table
    return array.astype(np.float64)
