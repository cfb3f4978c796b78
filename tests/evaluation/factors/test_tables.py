import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from vaekit.errors import UserError
from vaekit.evaluation.factors.tables import (
    bins,
    checked,
    classes,
    entropy,
    gaps,
    information,
    mutual_information,
)


@pytest.mark.parametrize("sizes", [(2, 3), (20, 8), (1, 5)])
def test_information_is_that_of_scikit_learn(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(sizes[0], size=500)
    b = (a + rng.integers(sizes[1], size=500)) % sizes[1]
    assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)
    assert entropy(a) == pytest.approx(mutual_info_score(a, a), abs=1e-12)
    assert information([a, b], [b])[:, 0] == pytest.approx([mutual_info_score(a, b), entropy(b)], abs=1e-12)


def test_bins_are_those_of_a_histogram() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    assert np.array_equal(np.bincount(bins(values), minlength=20), np.histogram(values, 20)[0])


def test_many_values_become_tenths_and_ties_stay_together() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    assert np.bincount(classes(values)).tolist() == [100] * 10
    tied = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    found = classes(tied)
    assert len(set(found[:900].tolist())) == 1
    assert found.min() == 0
    assert len(set(found.tolist())) == found.max() + 1
    assert set(np.diff(found[np.argsort(tied)]).tolist()) <= {0, 1}


def test_gaps_of_one_dimension_are_its_values() -> None:
    assert gaps(np.array([[0.5, 0.25]])).tolist() == [0.5, 0.25]


def test_tensors_are_taken() -> None:
    z, y = checked(torch.ones(30, 2, requires_grad=True), torch.arange(30).reshape(30, 1))
    assert (z.dtype, y.shape) == (np.float64, (30, 1))


ROWS = np.arange(60.0).reshape(30, 2)


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (ROWS, ROWS[:29], r"\(30, 2\) and factors \(29, 2\): \(N, d\) and \(N, K\) with the same N"),
        (ROWS[:, 0], ROWS, "codes have shape"),
        (ROWS[:, :0], ROWS, "codes have shape"),
        (ROWS[:19], ROWS[:19], "19 examples say nothing"),
        (ROWS * np.nan, ROWS, "codes hold NaN"),
        (ROWS, np.where(ROWS == 3, np.inf, ROWS), "factors hold NaN or infinity"),
        (ROWS, ROWS * [1, 0], "factor 1 takes one value only"),
    ],
)
def test_tables_that_say_nothing_are_refused(codes: np.ndarray, factors: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        checked(codes, factors)
