"""The FactorVAE score: can the dimension that changes least tell which factor was held fixed?"""

import math

import numpy as np
from jaxtyping import Float64, Int64

from vaekit.errors import UserError
from vaekit.evaluation.factors.score import Score
from vaekit.evaluation.factors.tables import Table, checked, classes

BATCH = 64
"""Examples with one factor fixed, that one vote is made of."""
VOTES = 400
"""Of each factor for the classifier, and as many to test it."""


def factor_vae_score(codes: Table, factors: Table, seed: int = 0) -> Score:
    """The accuracy of a majority vote on which factor was held fixed.

    For each vote: choose a factor k and one of its values; draw 64 examples that have it, with replacement;
    j = argmin_j Var[z_j] / Var_all[z_j] over the dimensions that change at all. The classifier maps j to the k
    that it came with most often in 400 votes of each factor; the score is its accuracy in 400 others of each.
    Guessing has 1/K. A factor of more than 20 values is held fixed within a tenth.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the draws.

    Returns:
        The accuracy, its standard error over votes, and that of each factor.

    Raises:
        UserError: tables that do not fit each other, a factor that takes one value only or only values that
            one example has.

    Source: Kim & Mnih 2018, https://arxiv.org/abs/1802.05983, section 4 (their 800 votes are 400 of each here).

    Example:
        >>> factors = np.array([[a, b] for a in range(5) for b in range(5)])
        >>> factor_vae_score(2.0 * factors + 1, factors).value
        1.0
    """
    z, y = checked(codes, factors)
    variance = z.var(0)
    # Rounding leaves a constant column a variance of about (1e-16 × its value)².
    z = z[:, (np.ptp(z, 0) > 0) & (variance > 0)]
    count = y.shape[1]
    if not z.shape[1]:
        return Score(1 / count, 0.0, (1.0, *[0.0] * (count - 1)))
    z = (z - z.mean(0)) / z.std(0)
    rng = np.random.default_rng(seed)
    votes = np.stack([_votes(z, classes(column), k, rng) for k, column in enumerate(y.T)])
    learned, tested = votes[:, :VOTES], votes[:, VOTES:]
    table = np.stack([np.bincount(row, minlength=z.shape[1]) for row in learned])
    right = table.argmax(0)[tested] == np.arange(count)[:, None]
    value = float(right.mean())
    return Score(value, math.sqrt(value * (1 - value) / right.size), tuple(right.mean(1).tolist()))


def _votes(
    z: Float64[np.ndarray, "N d"], label: Int64[np.ndarray, " N"], k: int, rng: np.random.Generator
) -> Int64[np.ndarray, " V"]:
    """The dimension that changes least in each of twice 400 batches with one value of a factor."""
    order, sizes = np.argsort(label, kind="stable"), np.bincount(label)
    starts = np.cumsum(sizes) - sizes
    usable = np.flatnonzero(sizes > 1)
    if not len(usable):
        raise UserError(f"factor {k} has no value that two examples share: leave its column out")
    found: list[int] = []
    for value in rng.choice(usable, 2 * VOTES, p=sizes[usable] / sizes[usable].sum()):
        batch = order[starts[value] + rng.integers(sizes[value], size=BATCH)]
        found.append(int(z[batch].var(0).argmin()))
    return np.array(found, np.int64)
