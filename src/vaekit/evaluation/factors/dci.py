"""Disentanglement, completeness and informativeness, from what trees use to predict each factor."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float64

from vaekit.evaluation.factors.score import Score, spread_of
from vaekit.evaluation.factors.tables import Table, checked, classes

FOLDS = 5
TREES = 10
LEAF = 5
MOST_EXAMPLES = 5000


@final
@dataclass(frozen=True, eq=False)
class DCI:
    """How one dimension of the code and one factor correspond.

    Args:
        disentanglement: does each dimension matter to one factor only? By dimension.
        completeness: does one dimension alone matter to each factor? By factor.
        informativeness: accuracy on examples that no tree has seen. By factor.
        chance: that accuracy of always guessing the most frequent value, the mean over factors.
        importance: R, of each dimension for each factor; columns sum to 1, or to 0 where no dimension matters.
    """

    disentanglement: Score
    completeness: Score
    informativeness: Score
    chance: float
    importance: Float64[np.ndarray, "d K"]


def dci(codes: Table, factors: Table, seed: int = 0) -> DCI:
    """Predict each factor from the codes by trees, and look at which dimensions they use.

    R_jk is the importance of dimension j for factor k: by how much its splits lower the Gini impurity.
    D_j = 1 − H_K(R_jk / Σ_k R_jk) with the logarithm to base K, averaged with weights Σ_k R_jk; C_k = 1 −
    H_d(R_jk / Σ_j R_jk) to base d. Trees: 10 from bootstrap samples that may use every dimension at every
    split, leaves of 5 examples or more, fitted on four fifths of at most 5,000 examples, five times; R and the
    accuracy are means over the five, the standard errors of D and C are the jackknife's over them. A factor of
    more than 20 values is predicted as one of ten tenths.

    A dimension that never changes has D_j = 0 and no weight; a factor that nothing predicts has C_k = 0.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the trees and the fifths.

    Raises:
        UserError: tables that do not fit each other, or a factor that takes one value only.

    Source: Eastwood & Williams 2018, https://openreview.net/forum?id=By-7dz-AZ, section 2.

    Example:
        >>> factors = np.array([[a, b] for a in range(5) for b in range(5)] * 20)
        >>> found = dci(2.0 * factors + 1, factors)
        >>> found.disentanglement.value, found.completeness.value, found.informativeness.value
        (1.0, 1.0, 1.0)
    """
    z, y = checked(codes, factors)
    order = np.random.default_rng(seed).permutation(len(z))[:MOST_EXAMPLES]
    z, y = z[order], y[order]
    values = [classes(column) for column in y.T]
    importances = np.zeros((FOLDS, z.shape[1], y.shape[1]))
    right = np.zeros((len(z), y.shape[1]))
    fold = np.arange(len(z)) % FOLDS
    for f in range(FOLDS):
        for k, value in enumerate(values):
            predicted, importances[f, :, k] = _fitted(z, value, fold != f, seed + f)
            right[fold == f, k] = predicted == value[fold == f]
    importance = importances.mean(0)
    each_d, each_c = disentangled(importance), completed(importance)
    weights = importance.sum(1)
    chance = [np.bincount(value).max() / len(value) for value in values]
    return DCI(
        Score(
            _weighted(each_d, weights),
            spread_of([_weighted(disentangled(r), r.sum(1)) for r in importances]),
            tuple(each_d.tolist()),
        ),
        Score(
            float(each_c.mean()),
            spread_of([float(completed(r).mean()) for r in importances]),
            tuple(each_c.tolist()),
        ),
        Score(
            float(right.mean()),
            float(right.mean(1).std(ddof=1)) / math.sqrt(len(z)),
            tuple(right.mean(0).tolist()),
        ),
        float(np.mean(chance)),
        importance,
    )


def disentangled(importance: Float64[np.ndarray, "d K"]) -> Float64[np.ndarray, " d"]:
    """D_j = 1 − H_K of what share of each row falls to each factor; 0 for a row of zeros.

    Example:
        >>> disentangled(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]])).tolist()
        [1.0, 0.0, 0.0]
    """
    total = importance.sum(1, keepdims=True)
    share = importance / np.where(total > 0, total, 1.0)
    logarithm = np.log(np.where(share > 0, share, 1.0))
    height = np.log(importance.shape[1]) if importance.shape[1] > 1 else 1.0
    found = 1 + (share * logarithm).sum(1) / height
    return np.where(total[:, 0] > 0, found.clip(0, 1), 0.0)


def completed(importance: Float64[np.ndarray, "d K"]) -> Float64[np.ndarray, " K"]:
    """C_k = 1 − H_d of what share of each column falls to each dimension; 0 for a column of zeros."""
    return disentangled(importance.T)


def _weighted(each: Float64[np.ndarray, " d"], weights: Float64[np.ndarray, " d"]) -> float:
    return float(np.average(each, weights=weights)) if weights.sum() > 0 else 0.0


def _fitted(
    z: Float64[np.ndarray, "N d"], value: np.ndarray, learn: np.ndarray, seed: int
) -> tuple[np.ndarray, Float64[np.ndarray, " d"]]:
    """What trees predict for the examples they have not seen, and what they used."""
    from sklearn.ensemble import RandomForestClassifier

    # Where only some dimensions may be used at a split, those that say nothing are used as well.
    width = z.shape[1]
    trees = RandomForestClassifier(TREES, max_features=width, min_samples_leaf=LEAF, random_state=seed)
    trees.fit(z[learn], value[learn])
    return trees.predict(z[~learn]), trees.feature_importances_
