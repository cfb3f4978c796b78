import numpy as np
import pytest

from vaekit.data.records import Data, Split, chunks, unit
from vaekit.errors import UserError


def levelled(values, levels, binarise=None):
    part = Split(values)
    return Data("made", part, part, part, 2 if binarise else levels, binarise, levels)


def test_unit_divides_levels_and_passes_floats():
    stored = np.array([[0, 1, 16]], np.uint8)
    assert unit(stored, 17).dtype == np.float32
    np.testing.assert_allclose(unit(stored, 17), [[0, 1 / 16, 1]], rtol=1e-7)
    floats = np.array([-3.5, 7.0], np.float32)
    np.testing.assert_array_equal(unit(floats, None), floats)


@pytest.mark.parametrize(("levels", "dtype"), [(2, np.uint8), (256, np.uint8), (65536, np.uint16)])
def test_every_level_survives_unit(levels, dtype):
    stored = np.arange(levels).astype(dtype)
    np.testing.assert_array_equal(np.rint(unit(stored, levels).astype(np.float64) * (levels - 1)), stored)


def test_take_keeps_values_labels_and_names_together():
    split = Split(np.arange(8).reshape(4, 2), np.array([5, 6, 7, 8]), ("a", "b", "c", "d"))
    part = split.take(np.array([3, 1]))
    assert part.array.tolist() == [[6, 7], [2, 3]]
    assert part.labels is not None
    assert part.labels.tolist() == [8, 6]
    assert part.names == ("d", "b")
    assert len(part) == 2


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [(np.zeros(2, int), None, "3 examples has 2 labels"), (None, ("a",), "3 examples has 1 names")],
)
def test_a_split_refuses_partners_of_another_length(labels, names, message):
    with pytest.raises(UserError, match=message):
        Split(np.zeros((3, 2)), labels, names)


@pytest.mark.parametrize("rows", [1, 7, 3000])
def test_the_variance_is_that_of_numpy_whatever_the_number_of_chunks(rows):
    values = np.random.default_rng(0).integers(0, 256, (rows, 1, 30, 30), dtype=np.uint8)
    assert len(list(chunks(values))) == (1 if rows < 1000 else 3)
    expected = (values / 255).reshape(rows, -1).var(axis=0).mean()
    spec = levelled(values, 256).spec
    assert (spec.shape, spec.levels) == ((1, 30, 30), 256)
    assert spec.variance == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_variance_of_floats_far_from_zero_does_not_cancel():
    values = (1e4 + np.random.default_rng(0).normal(size=(500, 3))).astype(np.float32)
    expected = values.astype(np.float64).var(axis=0).mean()
    assert levelled(values, None).spec.variance == pytest.approx(expected, rel=1e-12)


def test_the_dynamic_variance_obeys_the_law_of_total_variance():
    """Var[x] = E[p(1−p)] + Var[p] for x ~ Bernoulli(p), written independently of p̄(1−p̄)."""
    values = np.random.default_rng(1).integers(0, 17, (200, 1, 4, 4), dtype=np.uint8)
    p = values / 16
    expected = ((p * (1 - p)).mean(axis=0) + p.var(axis=0)).mean()
    spec = levelled(values, 17, "dynamic").spec
    assert spec.levels == 2
    assert spec.variance == pytest.approx(expected, rel=1e-12)


def test_only_the_training_split_enters_the_variance():
    train, test = Split(np.array([[0], [1]], np.uint8)), Split(np.array([[0], [0]], np.uint8))
    assert Data("made", train, test, test, 2, None, 2).spec.variance == 0.25


def test_split_by_name():
    parts = [Split(np.full((1, 2), k, np.uint8)) for k in range(3)]
    data = Data("made", parts[0], parts[1], parts[2], 256, None, 256)
    assert [data.split(name) for name in ("train", "validation", "test")] == parts
    with pytest.raises(UserError, match=r"no split 'tset': did you mean test\?"):
        data.split("tset")


@pytest.mark.parametrize(
    ("levels", "binarise", "stored"),
    [(256, None, 17), (17, "dynamic", 17), (2, "dynamic", None), (2, "fixed", 17), (2, None, None)],
)
def test_levels_that_contradict_each_other_are_refused(levels, binarise, stored):
    part = Split(np.zeros((1, 2), np.uint8))
    with pytest.raises(UserError, match=r"contradict each other|stores 2 levels"):
        Data("made", part, part, part, levels, binarise, stored)


def test_splits_that_differ_are_refused():
    one, other = Split(np.zeros((1, 2), np.uint8)), Split(np.zeros((1, 3), np.uint8))
    with pytest.raises(UserError, match="differ in shape or type"):
        Data("made", one, one, other, 256, None, 256)
