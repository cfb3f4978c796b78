"""A number between 0 and 1 with its standard error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float, Int

GROUPS = 10


@final
@dataclass(frozen=True)
class Score:
    """A metric of how codes and factors correspond.

    Args:
        value: the mean of `each`, where its metric does not weigh them otherwise; 0 to 1.
        standard_error: of the value, over examples, for these codes.
        each: one value per factor, or per dimension of the code.
    """

    value: float
    standard_error: float
    each: tuple[float, ...]


def jackknifed(statistic: Callable[[Int[np.ndarray, " M"]], list[float]], count: int, seed: int) -> Score:
    """Apply a statistic to all examples; the standard error is that of a jackknife over 10 groups.

    s.e.² = (G−1)/G Σ_g (θ_g − θ̄)², θ_g the mean of what the statistic gives without group g.

    Args:
        statistic: of the examples at some indices: one value per factor, or per dimension.
        count: number of examples.
        seed: of the division into groups.

    Source: Shao & Wu 1989, https://doi.org/10.1214/aos/1176347263 (the delete-d jackknife).

    Example:
        >>> jackknifed(lambda rows: [0.5, 1.0], 100, 0)
        Score(value=0.75, standard_error=0.0, each=(0.5, 1.0))
    """
    groups = np.random.default_rng(seed).permutation(count) % GROUPS
    rows = np.arange(count)
    without = [float(np.mean(statistic(rows[groups != g]))) for g in range(GROUPS)]
    each = statistic(rows)
    return Score(float(np.mean(each)), spread_of(without), tuple(float(value) for value in each))


def spread_of(without: Float[np.ndarray, " G"] | list[float]) -> float:
    """√((G−1)/G Σ (θ_g − θ̄)²) of G values, each found without one of G groups."""
    values = np.asarray(without)
    return float(np.sqrt((len(values) - 1) / len(values) * ((values - values.mean()) ** 2).sum()))
