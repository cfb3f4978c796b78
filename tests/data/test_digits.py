import numpy as np
import pytest

from vaekit.data.digits import load_digits
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


def test_digits_have_their_known_size_range_and_classes():
    data = load_digits()
    assert [len(data.train), len(data.validation), len(data.test)] == [1437, 180, 180]
    assert (data.name, data.levels, data.stored_levels, data.binarise) == ("digits", 17, 17, None)
    assert data.train.values.shape[1:] == (1, 8, 8)
    assert data.train.values.dtype == np.uint8
    assert (data.train.array.min(), data.train.array.max()) == (0, 16)
    assert data.train.labels is not None
    assert np.unique(data.train.labels).tolist() == list(range(10))


def test_pictures_keep_their_labels_through_the_shuffle():
    """A nearest-neighbour classifier reaches 95%; with shuffled labels it would reach about 10%."""
    data = load_digits(options=SplitOptions(seed=3))
    train, test = (split.array.reshape(len(split), -1).astype(float) for split in (data.train, data.test))
    assert data.train.labels is not None
    distances = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
    assert (data.train.labels[distances.argmin(1)] == data.test.labels).mean() > 0.95


def test_another_number_of_levels_is_refused():
    assert load_digits(17).levels == 17
    with pytest.raises(UserError, match="digits have 17 levels, not 256"):
        load_digits(256)
