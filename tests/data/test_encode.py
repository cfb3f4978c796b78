import numpy as np
import pytest

from vaekit.data.encode import encode, encode_labels
from vaekit.errors import UserError


def one(values, levels=None):
    stored, used = encode("made", {"train": values}, levels)
    return stored["train"], used


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ((5, 8, 9), (5, 1, 8, 9)),
        ((5, 1, 8, 9), (5, 1, 8, 9)),
        ((5, 4, 8, 9), (5, 4, 8, 9)),
        ((5, 8, 9, 1), (5, 1, 8, 9)),
        ((5, 8, 9, 3), (5, 3, 8, 9)),
        ((5, 3, 8, 3), (5, 3, 8, 3)),
        ((5, 7), (5, 7)),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_layouts_become_channel_first(given, stored, dtype):
    values, _ = one(np.zeros(given, dtype))
    assert values.shape == stored
    assert values.flags.c_contiguous


def test_channels_last_are_moved_not_reshaped():
    values = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), dtype=np.uint8)
    stored, _ = one(values)
    for channel in range(3):
        np.testing.assert_array_equal(stored[:, channel], values[..., channel])


@pytest.mark.parametrize("shape", [(), (5,), (5, 6, 7, 8), (5, 1, 2, 3, 4)])
def test_other_layouts_are_refused(shape):
    with pytest.raises(UserError, match=r"made \(train\): an array of shape .* cannot be used; accepted are"):
        one(np.zeros(shape))


@pytest.mark.parametrize("shape", [(0, 8, 8), (5, 0), (5, 3, 0, 8), (5, 0, 8, 8)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(UserError, match="the array is empty"):
        one(np.zeros(shape))


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 2), complex),
        np.full((3, 2), None),
        np.full((3, 2), "a"),
        np.zeros((3, 2), "datetime64[s]"),
        np.zeros((3, 2), [("a", "u1")]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_types_that_are_no_real_numbers_are_refused(values):
    with pytest.raises(UserError, match="store booleans, integers or floats"):
        one(values)


def test_masked_arrays_are_refused_rather_than_unmasked():
    with pytest.raises(UserError, match="fill the masked values"):
        one(np.ma.masked_array(np.zeros((3, 2)), mask=True))


@pytest.mark.parametrize(
    ("values", "levels", "dtype", "used"),
    [
        (np.array([[True, False]]), None, np.uint8, 2),
        (np.array([[True, False]]), 2, np.uint8, 2),
        (np.array([[0, 1]], np.uint8), None, np.uint8, 2),
        (np.array([[0, 1]], np.int64), 17, np.uint8, 17),
        (np.array([[0, 2]], np.uint8), None, np.uint8, 256),
        (np.array([[0, 255]], np.int64), None, np.uint8, 256),
        (np.array([[0, 16]], np.uint8), 17, np.uint8, 17),
        (np.array([[0, 256]], np.int32), 257, np.uint16, 257),
        (np.array([[0, 65535]], ">u2"), 65536, np.uint16, 65536),
        (np.array([[0.0, 1.0]]), 2, np.uint8, 2),
        (np.array([[0.0, 0.5, 1.0]]), 65535, np.uint16, 65535),
        (np.array([[-3.5, 1e6]]), None, np.float32, None),
        (np.array([[0.5]], np.float16), None, np.float32, None),
    ],
)
def test_types_and_levels(values, levels, dtype, used):
    stored, found = one(values, levels)
    assert (stored.dtype, found) == (np.dtype(dtype), used)
    np.testing.assert_allclose(stored / ((used or 2) - 1 if values.dtype.kind == "f" else 1), values)


@pytest.mark.parametrize(
    ("values", "levels", "message"),
    [
        ([[0, 256]], None, r"run from 0 to 256, outside 0 … 255; pass levels=257"),
        ([[-1, 5]], None, r"run from -1 to 5, outside 0 … 255; shift them"),
        ([[0, 17]], 17, r"run from 0 to 17, outside 0 … 16; pass levels=18"),
        ([[0, 65536]], None, r"outside 0 … 255; scale them"),
        ([[True]], 3, r"booleans have 2 levels, not 3"),
        ([[0]], 1, r"levels must be a number from 2 to 65536, but is 1"),
        ([[0]], 65537, r"levels must be a number from 2 to 65536"),
    ],
)
def test_integers_out_of_range_are_refused_with_a_remedy(values, levels, message):
    with pytest.raises(UserError, match=message):
        one(np.array(values), levels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [2, 17, 256, 4096])
def test_floats_on_the_grid_become_their_levels(dtype, levels):
    k = np.arange(levels)[None]
    stored, used = one((k / (levels - 1)).astype(dtype), levels)
    np.testing.assert_array_equal(stored, k)
    assert used == levels


@pytest.mark.parametrize(("value", "levels"), [(0.5, 256), (0.25, 2), (0.5 / 65535, 65536)])
def test_floats_off_the_grid_are_refused(value, levels):
    with pytest.raises(UserError, match=f"not a multiple of 1/{levels - 1}"):
        one(np.array([[0.0, value]]), levels)


@pytest.mark.parametrize(
    ("shape", "levels"), [((2, 4, 4), None), ((2, 4, 4), 256), ((2, 4), 256)], ids=["image", "both", "vector"]
)
@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0])
def test_floats_outside_the_unit_interval_are_refused_where_pixels_or_levels_are_meant(shape, levels, value):
    values = np.zeros(shape)
    values[1, 1] = value
    with pytest.raises(UserError, match=r"outside \[0, 1\]; divide by 255 .* or store uint8"):
        one(values, levels)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_located(bad):
    values = np.zeros((3, 4, 5), np.float32)
    values[1, 2, 3] = values[2, 0, 0] = bad
    with pytest.raises(
        UserError, match=r"2 of 60 values are NaN or infinite, the first at index \(1, 2, 3\)"
    ):
        one(values)


def test_a_table_of_floats_may_lack_values_but_not_hold_infinities():
    values = np.array([[1.0, np.nan], [np.nan, -2.0]])
    stored, levels = one(values)
    assert levels is None
    np.testing.assert_array_equal(stored, values.astype(np.float32))
    with pytest.raises(UserError, match=r"1 of 4 values are infinite, the first at index \(0, 1\)"):
        one(np.array([[1.0, np.inf], [np.nan, -2.0]]))
    with pytest.raises(UserError, match="every value is missing"):
        one(np.full((2, 2), np.nan))
    with pytest.raises(UserError, match="NaN or infinite"):
        one(values, 2)


@pytest.mark.parametrize("value", [1e39, -1e39])
def test_floats_that_overflow_float32_are_refused(value):
    with pytest.raises(UserError, match="do not fit into float32"):
        one(np.array([[value]]))


def test_parts_must_agree():
    with pytest.raises(UserError, match=r"parts differ in shape \(train \(4,\), test \(5,\)\)"):
        encode("made", {"train": np.zeros((2, 4)), "test": np.zeros((2, 5))})
    with pytest.raises(UserError, match=r"some parts are floats and some integers"):
        encode("made", {"train": np.zeros((2, 4)), "test": np.zeros((2, 4), np.uint8)})


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 0]),
        np.array([[1], [0]]),
        np.array([1.0, 0.0]),
        np.array([True, False]),
        np.array([1, 0], "u1"),
    ],
)
def test_labels_become_int64(labels):
    encoded = encode_labels("made", labels, 2)
    assert encoded.dtype == np.int64
    assert encoded.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(3), r"labels have shape \(3,\), but one whole number for each of 2"),
        (np.zeros((2, 40)), r"labels have shape \(2, 40\)"),
        (np.zeros(()), r"labels have shape \(\)"),
        (np.array([0.5, 1.0]), "labels must be whole numbers"),
        (np.array([np.nan, 1.0]), "labels must be whole numbers"),
        (np.array(["cat", "dog"]), "labels must be whole numbers"),
        (np.array([None, 1]), "labels must be whole numbers"),
        (np.array([1e30, 0]), "fit into 64 bits"),
        (np.array([2**63, 0], np.uint64), "fit into 64 bits"),
    ],
)
def test_other_labels_are_refused(labels, message):
    with pytest.raises(UserError, match=message):
        encode_labels("made", labels, 2)
