from dataclasses import replace

import numpy as np
import pytest

from vaekit.data import load
from vaekit.data.kinds import columns_written
from vaekit.data.told_columns import with_columns
from vaekit.errors import UserError
from vaekit.spec import DataSpec

TABLE = np.stack(
    [
        np.linspace(-3.0, 50.0, 40),
        np.exp(np.linspace(-2.0, 2.0, 40)),
        np.arange(40.0) % 7,
        np.arange(40.0) % 2,
        np.arange(40.0) % 3,
    ],
    1,
)
TOLD = "real,price=positive,count,binary,categorical:3"


def test_columns_have_their_kinds_names_and_moments_of_the_training_examples() -> None:
    data = with_columns(load(TABLE), TOLD)
    spec = data.spec
    assert spec.columns is not None
    assert [column.written for column in spec.columns] == TOLD.split(",")
    train = data.train.array.astype(np.float64)
    expected = [train[:, 0], np.log(train[:, 1]), np.log1p(train[:, 2])]
    for column, values in zip(spec.columns, expected, strict=False):
        assert (column.mean, column.std) == pytest.approx((values.mean(), values.std()), rel=1e-6)
    assert [(column.mean, column.std) for column in spec.columns[3:]] == [(0.0, 1.0)] * 2


def test_what_is_guessed_is_said_and_has_no_categories() -> None:
    said: list[str] = []
    data = with_columns(load(TABLE), "auto", said.append)
    assert [column.kind for column in data.columns or ()] == ["real", "real", "count", "binary", "count"]
    assert said == [
        "array: columns look like 2 real, 2 count, 1 binary; codes of categories look like counts: say --columns "
        "yourself where there are any"
    ]


def test_whole_numbers_are_stored_as_floats() -> None:
    data = with_columns(load(np.arange(80).reshape(40, 2)), "count*2")
    assert data.levels is None
    assert data.train.array.dtype == np.float32
    assert data.spec.whole is True


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("real,real", "tells of 2 columns, but the table has 5"),
        ("real*6", "tells of 6 columns"),
        ("real,positiv,count,binary,real", "no column holds positiv; did you mean positive"),
        ("real,real,real,real,categorical", "at least 2 categories"),
        ("real:3,real*4", "a real column has no number of categories"),
        ("", "no column holds"),
        ("positive,real*4", "column 0 was told to be positive, which takes numbers above 0"),
        ("real,x=count,real*3", r"column 1 \(x\) was told to be count, which takes whole numbers"),
        ("real*2,binary,real*2", "was told to be binary, which takes 0 or 1"),
        ("real*4,categorical:2", "was told to be categorical, which takes 0 or 1, but row"),
    ],
)
def test_what_does_not_fit_is_refused(told: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        with_columns(load(TABLE), told)


def test_only_tables_have_columns() -> None:
    with pytest.raises(UserError, match="only tables have columns of different kinds"):
        with_columns(load("digits"), "auto")
    with pytest.raises(UserError, match="only tables of floats have columns"):
        DataSpec((2,), 17, columns=columns_written("real*2", 2))


def test_other_data_fit_where_the_kinds_are_the_same() -> None:
    spec = with_columns(load(TABLE), TOLD).spec
    other = with_columns(load(TABLE + np.array([1.0, 1.0, 1.0, 0.0, 0.0])), TOLD).spec
    other.check_fits(spec, "other", "the model was trained on")
    with pytest.raises(
        UserError, match="other has no kinds of columns; the model was trained on columns real,"
    ):
        replace(other, columns=None).check_fits(spec, "other", "the model was trained on")


def test_missing_values_are_of_every_kind() -> None:
    """Moments and kinds are those of what is there."""
    data = with_columns(load(TABLE), TOLD)
    holed = data.train.array.copy()
    holed[::3] = np.nan
    again = with_columns(replace(data, columns=None, train=replace(data.train, values=holed)), TOLD)
    assert again.columns == data.columns
    assert all(np.isfinite(column.mean) and column.std > 0 for column in again.spec.columns or ())
