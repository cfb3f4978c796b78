import numpy as np
import pytest

from vaekit.data.binarise import binarised
from vaekit.data.records import Data, Split
from vaekit.errors import UserError


def levelled(values, levels):
    part = Split(values, np.arange(len(values)))
    return Data("made", part, part, part, levels, None, levels)


@pytest.mark.parametrize(("levels", "dtype"), [(3, np.uint8), (256, np.uint8), (65536, np.uint16)])
def test_a_fixed_draw_has_the_right_frequencies(levels, dtype):
    """Frequencies over n = 20,000 draws lie within 5 standard errors √(p(1−p)/n): false alarms below 1e-5."""
    k = np.array([0, 1, levels // 2, levels - 2, levels - 1])
    data = binarised(levelled(np.tile(k, (20_000, 1)).astype(dtype), levels), "fixed")
    assert (data.levels, data.stored_levels, data.binarise) == (2, 2, "fixed")
    assert data.train.values.dtype == np.uint8
    p = k / (levels - 1)
    error = np.sqrt(p * (1 - p) / 20_000)
    assert (np.abs(data.train.array.mean(axis=0) - p) <= 5 * error).all()  # exact at p = 0 and p = 1


def test_a_fixed_draw_is_seeded_and_every_split_has_its_own_stream():
    grey = levelled(np.full((50, 20), 8, np.uint8), 17)
    first, again, other = (binarised(grey, "fixed", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train.array, again.train.array)
    draws = [first.train.array, first.validation.array, first.test.array, other.train.array]
    for index, draw in enumerate(draws):
        for later in draws[index + 1 :]:
            # Independent fair draws agree in 500 ± 16 of 1000 places: 120 is over 7 standard errors (1e-13).
            assert abs((draw == later).sum() - 500) < 120


def test_a_fixed_draw_keeps_labels_and_leaves_the_source_alone():
    grey = levelled(np.full((5, 2), 8, np.uint8), 17)
    drawn = binarised(grey, "fixed")
    assert drawn.train.labels is not None
    assert drawn.train.labels.tolist() == [0, 1, 2, 3, 4]
    assert (grey.train.array == 8).all()


def test_dynamic_only_marks():
    grey = levelled(np.full((5, 2), 8, np.uint8), 17)
    marked = binarised(grey, "dynamic")
    assert (marked.levels, marked.stored_levels, marked.binarise) == (2, 17, "dynamic")
    assert marked.train is grey.train
    assert marked.spec.variance == 0.25
    assert binarised(marked, "fixed").binarise == "fixed"


@pytest.mark.parametrize("how", ["fixed", "dynamic"])
def test_binary_data_pass_unchanged(how):
    binary = levelled(np.array([[0, 1], [1, 0]], np.uint8), 2)
    assert binarised(binary, how) is binary


@pytest.mark.parametrize("how", ["fixed", "dynamic"])
def test_floats_are_refused(how):
    with pytest.raises(UserError, match="floats cannot be binarised as they stand; pass levels=256"):
        binarised(levelled(np.zeros((3, 2), np.float32), None), how)


def test_another_word_is_refused():
    with pytest.raises(UserError, match=r"no binarisation 'dynamc': did you mean dynamic\?"):
        binarised(levelled(np.zeros((3, 2), np.uint8), 2), "dynamc")
