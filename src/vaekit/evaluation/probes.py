"""Probes: how much of labels, attributes and factors a simple map finds in codes."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int64, Num, Shaped
from torch import Tensor

from vaekit.errors import UserError

NEIGHBOURS = 5
PENALTY = 1.0
MOST_STEPS = 1000
MOST_TRAINED = 20_000

Table = Num[np.ndarray, "..."] | Num[Tensor, "..."]
Column = Shaped[np.ndarray, "..."] | Shaped[Tensor, "..."]


@final
@dataclass(frozen=True)
class Probe:
    """What a probe finds in the codes of examples it was not fitted on.

    Args:
        name: what was measured, for people.
        value: 0 to 1; of R², 1 at most.
        standard_error: over test examples, the fitted probe given.
        floor: what codes that say nothing would have.
    """

    name: str
    value: float
    standard_error: float
    floor: float


def linear_accuracy(train: Table, labels: Column, test: Table, test_labels: Column, seed: int = 0) -> Probe:
    """Accuracy of a multinomial logistic regression from standardised codes to classes.

    Fitted on at most 20,000 training examples with penalty ½‖W‖²; mean and deviation are those of the training
    codes. The floor is the share of the most frequent training class among test examples.

    Args:
        train: codes of training examples, (N, d).
        labels: their classes, (N,).
        test: codes of test examples, (M, d).
        test_labels: their classes, (M,).
        seed: of the training examples chosen.

    Raises:
        UserError: tables that do not fit each other, or one class only.

    Source: Alain & Bengio 2016, https://arxiv.org/abs/1610.01644.

    Example:
        >>> codes, labels = np.eye(3)[np.arange(30) % 3], np.arange(30) % 3
        >>> linear_accuracy(codes, labels, codes, labels).value
        1.0
    """
    z, y, x, t = _classified(train, labels, test, test_labels, seed)
    known, probabilities = class_probabilities(z, y, x)
    return _accuracy("linear probe, accuracy", known[probabilities.argmax(1)] == t, y, t)


def neighbour_accuracy(
    train: Table, labels: Column, test: Table, test_labels: Column, seed: int = 0
) -> Probe:
    """Accuracy of the majority among the 5 nearest of at most 20,000 training codes.

    Distances are Euclidean in the codes as they are: divided by deviations, dimensions that say nothing would
    be as loud as the others. Floor and arguments as of `linear_accuracy`.

    Raises:
        UserError: tables that do not fit each other, or one class only.

    Example:
        >>> codes, labels = np.eye(3)[np.arange(30) % 3], np.arange(30) % 3
        >>> neighbour_accuracy(codes, labels, codes, labels).value
        1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    z, y, x, t = _classified(train, labels, test, test_labels, seed)
    nearest = KNeighborsClassifier(min(NEIGHBOURS, len(z)), algorithm="brute").fit(z, y)
    return _accuracy(f"{NEIGHBOURS} nearest neighbours, accuracy", nearest.predict(x) == t, y, t)


def attribute_probes(
    train: Table, attributes: Table, test: Table, test_attributes: Table, seed: int = 0
) -> tuple[Probe, Probe]:
    """Mean over attributes of the balanced accuracy and of the area under the curve of a logistic regression each.

    Balanced accuracy is the mean of the accuracies among yes and among no, with both weighing the same in the
    fit; otherwise as `linear_accuracy`. Attributes that all training or all test examples share are left out.

    Args:
        train: codes of training examples, (N, d).
        attributes: their answers, 1 for yes, (N, A).
        test: codes of test examples, (M, d).
        test_attributes: their answers, (M, A).
        seed: of the training examples chosen.

    Raises:
        UserError: tables that do not fit each other, or no attribute that differs between examples.

    Example:
        >>> codes = np.eye(2)[np.arange(30) % 2]
        >>> [probe.value for probe in attribute_probes(codes, codes, codes, codes)]
        [1.0, 1.0]
    """
    z, y, x, t = _tables(train, attributes, test, test_attributes, seed)
    usable = [k for k in range(y.shape[1]) if np.ptp(y[:, k]) > 0 and np.ptp(t[:, k]) > 0]
    if not usable:
        raise UserError(
            "no attribute differs between training examples and between test examples: none to probe"
        )
    accuracies: list[float] = []
    areas: list[float] = []
    influences = np.zeros((2, len(x)))
    for k in usable:
        positive = t[:, k] > 0
        _, probabilities = class_probabilities(z, (y[:, k] > 0).astype(np.int64), x, balanced=True)
        scores = probabilities[:, 1]
        accuracy, first = _balanced(scores > 0.5, positive)
        area, second = area_under_curve(scores, positive)
        accuracies.append(accuracy)
        areas.append(area)
        influences += np.stack([first, second]) / len(usable)
    of = f"mean of {len(usable)} attributes"
    return (
        Probe(
            f"linear probe, balanced accuracy, {of}", float(np.mean(accuracies)), _error(influences[0]), 0.5
        ),
        Probe(f"linear probe, area under the curve, {of}", float(np.mean(areas)), _error(influences[1]), 0.5),
    )


def linear_r2(train: Table, factors: Table, test: Table, test_factors: Table, seed: int = 0) -> Probe:
    """Mean over factors of R² = 1 − Σ(v − v̂)²/Σ(v − v̄)² of ridge regressions from standardised codes.

    Fitted with penalty ‖w‖² on at most 20,000 training examples. Factors that all training or all test examples
    share are left out. R² of codes that say nothing is 0 or a little less.

    Args:
        train: codes of training examples, (N, d).
        factors: their factors, (N, K).
        test: codes of test examples, (M, d).
        test_factors: their factors, (M, K).
        seed: of the training examples chosen.

    Raises:
        UserError: tables that do not fit each other, or no factor that differs between examples.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(5000, 2))
        >>> factors = codes @ np.array([[1.0], [2.0]])
        >>> round(linear_r2(codes, factors, codes, factors).value, 3)
        1.0
    """
    z, y, x, t = _tables(train, factors, test, test_factors, seed)
    usable = [k for k in range(y.shape[1]) if np.ptp(y[:, k]) > 0 and np.ptp(t[:, k]) > 0]
    if not usable:
        raise UserError(
            "no factor differs between training examples and between test examples: none to probe"
        )
    y, t = y[:, usable], t[:, usable]
    a, b = standardised(z, z), standardised(x, z)
    weights = np.linalg.solve(a.T @ a + PENALTY * np.eye(a.shape[1]), a.T @ (y - y.mean(0)))
    error = (t - y.mean(0) - b @ weights) ** 2
    spread = (t - t.mean(0)) ** 2
    lost = error.mean(0) / spread.mean(0)
    influence = ((error - lost * spread) / spread.mean(0)).mean(1)
    return Probe(
        f"linear probe, R², mean of {len(usable)} factors", float(1 - lost.mean()), _error(influence), 0.0
    )


def class_probabilities(
    train: Float64[np.ndarray, "N d"],
    labels: Int64[np.ndarray, " N"],
    test: Float64[np.ndarray, "M d"],
    balanced: bool = False,
) -> tuple[Int64[np.ndarray, " C"], Float64[np.ndarray, "M C"]]:
    """The classes, and the probabilities a multinomial logistic regression gives them for the test codes.

    Args:
        train: codes, standardised here.
        labels: their classes.
        test: codes.
        balanced: whether every class weighs the same.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(labels)) < 2:
        return np.unique(labels), np.ones((len(test), 1))
    weights = "balanced" if balanced else None
    regression = LogisticRegression(C=1 / PENALTY, class_weight=weights, max_iter=MOST_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe that is not quite at its best is one
        regression.fit(standardised(train, train), labels)
    return regression.classes_, regression.predict_proba(standardised(test, train))


def area_under_curve(
    scores: Float64[np.ndarray, " N"], positive: Bool[np.ndarray, " N"]
) -> tuple[float, Float64[np.ndarray, " N"]]:
    """P(score of a positive > that of a negative) + ½ P(=), and each example's influence on it.

    The standard deviation of the influences over √N is the standard error of DeLong et al.

    Args:
        scores: of examples.
        positive: which are; some, not all.

    Source: DeLong et al. 1988, https://doi.org/10.2307/2531595.

    Example:
        >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))[0]
        0.75
    """
    from scipy.stats import rankdata

    count = len(scores)
    yes, no = int(positive.sum()), int((~positive).sum())
    overall = rankdata(scores)
    place = np.empty(count)
    place[positive] = (overall[positive] - rankdata(scores[positive])) / no
    place[~positive] = 1 - (overall[~positive] - rankdata(scores[~positive])) / yes
    area = float(place[positive].mean())
    return area, (place - area) * count / np.where(positive, yes, no)


def standardised(
    codes: Float[np.ndarray, "N d"], like: Float[np.ndarray, "M d"]
) -> Float64[np.ndarray, "N d"]:
    """Codes less the mean of others and divided by their standard deviation, where those differ at all."""
    differ = np.ptp(like, 0) > 0
    return (codes - like.mean(0)) / np.where(differ, like.std(0), 1.0)


def _balanced(found: Bool[np.ndarray, " N"], positive: Bool[np.ndarray, " N"]) -> tuple[float, np.ndarray]:
    """Mean of the accuracies among positives and negatives, and each example's influence on it."""
    right = (found == positive).astype(np.float64)
    rates = [right[positive].mean(), right[~positive].mean()]
    size = np.where(positive, positive.sum(), (~positive).sum())
    return float(np.mean(rates)), (right - np.where(positive, *rates)) * len(right) / size / 2


def _accuracy(name: str, right: Bool[np.ndarray, " M"], labels: np.ndarray, test_labels: np.ndarray) -> Probe:
    known, counts = np.unique(labels, return_counts=True)
    floor = float((test_labels == known[counts.argmax()]).mean())
    return Probe(name, float(right.mean()), _error(right.astype(np.float64)), floor)


def _error(values: Float64[np.ndarray, " N"]) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def _classified(
    train: Table, labels: Column, test: Table, test_labels: Column, seed: int
) -> tuple[np.ndarray, Int[np.ndarray, " N"], np.ndarray, Int[np.ndarray, " M"]]:
    columns = [_array(each) for each in (labels, test_labels)]
    if any(column.ndim != 1 for column in columns):
        raise UserError(f"labels are one number for each example (N,), not {[c.shape for c in columns]}")
    z, y, x, t = _tables(train, columns[0][:, None], test, columns[1][:, None], seed)
    if np.ptp(y) == 0:
        raise UserError("all training examples have the same label: there is nothing to tell apart")
    return z, y[:, 0].astype(np.int64), x, t[:, 0].astype(np.int64)


def _tables(
    train: Table, targets: Table, test: Table, test_targets: Table, seed: int
) -> tuple[np.ndarray, ...]:
    """All four as float64, at most 20,000 training examples of them."""
    z, y, x, t = (_array(each).astype(np.float64) for each in (train, targets, test, test_targets))
    for what, codes, own in (("training", z, y), ("test", x, t)):
        if codes.ndim != 2 or own.ndim != 2 or len(codes) != len(own) or not len(codes):
            raise UserError(
                f"{what} codes have shape {codes.shape} and what is probed for {own.shape}: (N, d) and one row for "
                "each of the N are needed"
            )
        if not (np.isfinite(codes).all() and np.isfinite(own).all()):
            raise UserError(
                f"{what} codes, or what is probed for, hold NaN or infinity: leave those examples out"
            )
    if z.shape[1] != x.shape[1] or y.shape[1] != t.shape[1]:
        raise UserError(
            f"training and test codes or targets differ in width: {z.shape, x.shape, y.shape, t.shape}"
        )
    chosen = np.random.default_rng(seed).permutation(len(z))[:MOST_TRAINED]
    return z[chosen], y[chosen], x, t


def _array(table: Table | Column) -> np.ndarray:
    return table.detach().cpu().numpy() if isinstance(table, Tensor) else table
