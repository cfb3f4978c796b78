import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaekit.data.assemble import Part, assemble, partition
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


def numbered(count, start=0):
    """Vectors that carry their own index, and the index again as label."""
    index = np.arange(start, start + count)
    return Part(np.repeat(index[:, None], 3, axis=1).astype(np.uint8), index)


def indices(split):
    return split.values[:, 0].tolist()


@settings(deadline=None, derandomize=True)
@given(
    count=st.integers(3, 300),
    first=st.floats(0.001, 0.999),
    share=st.floats(0.001, 0.999),
    seed=st.integers(0, 2**32),
)
def test_partition_gives_every_index_once_and_leaves_no_part_empty(count, first, share, seed):
    fractions = [first, (1 - first) * share]
    parts = partition("made", count, fractions, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert all(len(part) >= 1 for part in parts)


@pytest.mark.parametrize(("count", "fraction", "size"), [(100, 0.29, 29), (70, 0.1, 7), (1797, 0.1, 180)])
def test_sizes_are_the_nearest_whole_numbers(count, fraction, size):
    rest, part = partition("made", count, [fraction], 0)
    assert (len(rest), len(part)) == (count - size, size)


def test_the_seed_decides_the_partition():
    first, again, other = (partition("made", 50, [0.2], seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.parametrize(("count", "fractions"), [(2, [0.1, 0.1]), (1, [0.1]), (0, [0.1])])
def test_too_few_examples_are_refused(count, fractions):
    with pytest.raises(UserError, match=f"made: {count} examples are too few"):
        partition("made", count, fractions, 0)


def test_three_examples_are_enough():
    data = assemble("made", {"train": numbered(3)}, None, SplitOptions())
    assert [len(data.train), len(data.validation), len(data.test)] == [1, 1, 1]


@pytest.mark.parametrize("own", [(), ("test",), ("validation",), ("validation", "test")])
def test_what_the_source_brings_stays_and_the_rest_is_carved(own):
    parts = {"train": numbered(40)}
    parts |= {name: numbered(5, start=100 + 50 * k) for k, name in enumerate(own)}
    data = assemble("made", parts, None, SplitOptions(validation=0.25, test=0.1, seed=4))
    for name in own:
        assert indices(data.split(name)) == parts[name].values[:, 0].tolist()
    carved = [data.split(name) for name in ("train", "validation", "test") if name not in own]
    assert sorted(index for split in carved for index in indices(split)) == list(range(40))
    if "validation" not in own:
        assert len(data.validation) == 10
    if "test" not in own:
        assert len(data.test) == 4
    for name in ("train", "validation", "test"):
        labels = data.split(name).labels
        assert labels is not None
        assert labels.tolist() == indices(data.split(name))


def test_stored_arrays_are_the_callers_own_no_longer():
    given_values = np.zeros((4, 3), np.uint8)
    parts = {name: Part(given_values) for name in ("train", "validation", "test")}
    data = assemble("made", parts, None, SplitOptions())
    for name in parts:
        values = data.split(name).array
        assert not np.shares_memory(values, given_values)
        assert values.flags.writeable
        assert values.flags.c_contiguous


def test_levels_are_told_from_all_parts_together():
    parts = {"train": Part(np.zeros((4, 3), np.uint8)), "test": Part(np.full((4, 3), 9, np.uint8))}
    assert assemble("made", parts, None, SplitOptions()).levels == 256


def test_labels_of_the_wrong_length_name_their_part():
    with pytest.raises(UserError, match=r"made \(train\): labels have shape \(3,\)"):
        assemble("made", {"train": Part(np.zeros((4, 2)), np.zeros(3))}, None, SplitOptions())
