"""Values that are missing, NaN, in a table of floats: what is known of the data is what was observed."""

import numpy as np
import pytest

from vaekit.data import load, load_arrays
from vaekit.data.records import Split, has_missing


def table() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3)) * [1.0, 2.0, 3.0] + 5
    x[rng.random(x.shape) < 0.3] = np.nan
    return x.astype(np.float32)


def test_variance_is_that_of_the_observed_values() -> None:
    data = load(table())
    assert data.spec.missing
    assert data.levels is None
    expected = np.nanvar(data.train.array.astype(np.float64), axis=0).mean()
    assert data.spec.variance == pytest.approx(expected, rel=1e-9)


def test_one_gap_in_any_split_tells() -> None:
    x = np.zeros((9, 2), np.float32)
    x[:, 0] = np.arange(9)
    parts = {"train": x, "valid": x, "test": x.copy()}
    assert not load_arrays("whole", parts).spec.missing
    parts["test"][0, 1] = np.nan
    assert load_arrays("holed", parts).spec.missing


def test_a_column_without_any_value_leaves_the_variance_finite() -> None:
    x = table()
    x[:, 1] = np.nan
    assert 0 < load(x).spec.variance < np.inf


def test_whole_numbers_have_none() -> None:
    assert not has_missing(Split(np.zeros((3, 2), np.float32)))
    assert not load(np.zeros((9, 4, 4), np.uint8)).spec.missing
