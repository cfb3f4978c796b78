"""Modularity, whether each dimension knows one factor only; explicitness, whether a linear map finds every factor."""

import math

import numpy as np
from jaxtyping import Bool, Float64

from vaekit.errors import UserError
from vaekit.evaluation.factors.score import Score, jackknifed
from vaekit.evaluation.factors.tables import Table, bins, checked, classes, information
from vaekit.evaluation.probes import area_under_curve, class_probabilities

ROUNDING = 1e-9
"""What a dimension that knows nothing may seem to know, nats."""


def modularity(codes: Table, factors: Table, seed: int = 0) -> Score:
    """Mean over dimensions of 1 − Σ_k (m_jk − t_jk)² / (θ_j² (K−1)).

    m_jk is the mutual information of dimension j and factor k (estimated as in `mig`), θ_j the largest of them
    over k, t_jk is θ_j for that factor and else 0. Dimensions that know nothing (θ_j < 10⁻⁹ nats) are left out.
    A dimension of noise has about ½, not 0: how much it knows does not count.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the groups of the standard error.

    Returns:
        The mean, and the value of each dimension, 0 for those left out.

    Raises:
        UserError: tables that do not fit each other, a factor that takes one value only, or one factor alone.

    Source: Ridgeway & Mozer 2018, https://arxiv.org/abs/1802.05312, equation 2.

    Example:
        >>> factors = np.array([[a, b] for a in range(5) for b in range(5)])
        >>> modularity(2.0 * factors + 1, factors).each
        (1.0, 1.0)
    """
    z, y = checked(codes, factors)
    if y.shape[1] < 2:
        raise UserError("modularity compares factors: it needs at least two")
    values = [classes(column) for column in y.T]

    def of_dimensions(rows: np.ndarray) -> tuple[Float64[np.ndarray, " d"], Bool[np.ndarray, " d"]]:
        m = information([bins(column) for column in z[rows].T], [value[rows] for value in values])
        largest = m.max(1)
        rest = (m**2).sum(1) - largest**2
        alive = largest > ROUNDING
        return np.where(alive, 1 - rest / np.where(alive, largest**2 * (m.shape[1] - 1), 1.0), 0.0), alive

    def statistic(rows: np.ndarray) -> list[float]:
        each, alive = of_dimensions(rows)
        return each[alive].tolist() or [0.0]

    score = jackknifed(statistic, len(z), seed)
    return Score(score.value, score.standard_error, tuple(of_dimensions(np.arange(len(z)))[0].tolist()))


def explicitness(codes: Table, factors: Table, seed: int = 0) -> Score:
    """Mean over factors and their values of the area under the curve of a logistic regression; guessing has ½.

    The regression maps standardised codes to the values of one factor (to tenths, where there are more than
    20). It is fitted on half of the examples; each value's probability then tells that value from all others
    in the other half.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the halves.

    Returns:
        The mean, its standard error over examples of the other half, and the mean of each factor.

    Raises:
        UserError: tables that do not fit each other, or a factor that takes one value only.

    Source: Ridgeway & Mozer 2018, https://arxiv.org/abs/1802.05312, section 3.

    Example:
        >>> factors = np.array([[a, b] for a in range(2) for b in range(2)] * 25)
        >>> explicitness(2.0 * factors + 1, factors).value
        1.0
    """
    z, y = checked(codes, factors)
    order = np.random.default_rng(seed).permutation(len(z))
    fitted, tested = np.array_split(order, 2)
    each: list[float] = []
    influence = np.zeros(len(tested))
    for column in y.T:
        value = classes(column)
        known, probabilities = class_probabilities(z[fitted], value[fitted], z[tested])
        # A value that only one half has cannot be told.
        told = [k for k, label in enumerate(known) if 0 < (value[tested] == label).sum() < len(tested)]
        areas = [area_under_curve(probabilities[:, k], value[tested] == known[k]) for k in told]
        each.append(float(np.mean([area for area, _ in areas])) if areas else 0.5)
        influence += sum((part for _, part in areas), np.zeros(len(tested))) / max(1, len(areas)) / y.shape[1]
    error = float(influence.std(ddof=1)) / math.sqrt(len(tested))
    return Score(float(np.mean(each)), error, tuple(each))
