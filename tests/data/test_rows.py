from pathlib import Path

import numpy as np
import pytest

from vaekit.data.listing import Entry, Listing
from vaekit.data.records import SplitName
from vaekit.data.rows import in_rows, parts_of
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


def listing(train: int = 0, validation: int = 0, test: int = 0) -> Listing:
    counts: dict[SplitName, int] = {"train": train, "validation": validation, "test": test}
    entries = [
        Entry(f"{part}-{number}", Path("x"), (1,), part, number % 3, bytes([number % 2, 1]))
        for part, count in counts.items()
        for number in range(count)
    ]
    return Listing("made", "/made", tuple(entries), attribute_names=("odd", "all"))


def divided(source: Listing, options: SplitOptions, bad: tuple[str, ...] = ()):
    rows = [entry for entry in in_rows(source, options) if entry.name not in bad]
    values = np.arange(len(rows), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return parts_of(source, rows, values, options), rows


def test_own_parts_keep_the_order_of_the_source() -> None:
    parts, rows = divided(listing(4, 2, 3), SplitOptions())
    assert [entry.name for entry in rows[:5]] == [
        "test-0",
        "test-1",
        "test-2",
        "validation-0",
        "validation-1",
    ]
    assert parts["train"].names == ("train-0", "train-1", "train-2", "train-3")
    assert parts["train"].values.ravel().tolist() == [5, 6, 7, 8]
    assert parts["test"].index_in_source.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("counts", "sizes"),
    [
        ((20, 0, 0), (16, 2, 2)),
        ((20, 5, 0), (18, 5, 2)),
        ((20, 0, 5), (18, 2, 5)),
        ((20, 3, 5), (20, 3, 5)),
        ((3, 0, 0), (1, 1, 1)),
    ],
)
def test_what_is_missing_is_carved_from_train(counts: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    source = listing(*counts)
    parts, rows = divided(source, SplitOptions())
    assert tuple(len(parts[part]) for part in ("train", "validation", "test")) == sizes
    seen = [name for split in parts.values() for name in split.names or ()]
    assert sorted(seen) == sorted(entry.name for entry in source.entries)
    for split in parts.values():
        entries = [rows[value] for value in split.values.ravel()]
        assert split.names == tuple(entry.name for entry in entries)
        assert split.labels is not None
        assert split.labels.tolist() == [entry.label for entry in entries]
        assert split.attributes is not None
        assert split.attributes.tobytes() == b"".join(entry.attributes or b"" for entry in entries)


def test_the_values_are_not_copied() -> None:
    source = listing(20)
    rows = in_rows(source, SplitOptions())
    values = np.zeros((20, 1, 1, 1), np.uint8)
    for split in parts_of(source, rows, values, SplitOptions()).values():
        assert np.shares_memory(split.values, values)


def test_the_index_is_the_place_in_the_source() -> None:
    parts, _ = divided(listing(30), SplitOptions())
    for split in parts.values():
        assert [f"train-{index}" for index in split.index_in_source] == list(split.names or ())


def test_another_seed_divides_otherwise() -> None:
    first, again, other = (
        divided(listing(30), SplitOptions(seed=seed))[0]["test"].names for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("counts", [(30, 0, 0), (30, 5, 0), (30, 5, 5)])
def test_unreadable_entries_change_nothing_else(counts: tuple[int, ...]) -> None:
    """Taking 3 entries away before or after the rows are ordered comes to the same."""
    source = listing(*counts)
    bad = ("train-3", "train-17", "train-29")
    clean = Listing("made", "/made", tuple(entry for entry in source.entries if entry.name not in bad))
    dirty, expected = divided(source, SplitOptions(), bad)[0], divided(clean, SplitOptions())[0]
    for part, split in expected.items():
        assert dirty[part].names == split.names
        np.testing.assert_array_equal(dirty[part].values, split.values)
        np.testing.assert_array_equal(dirty[part].index_in_source, split.index_in_source)


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(UserError, match="too few"):
        divided(listing(2), SplitOptions())
    with pytest.raises(UserError, match="no pictures to train on"):
        divided(listing(0, 3, 3), SplitOptions())
    with pytest.raises(UserError, match="no picture of the test part can be read"):
        divided(listing(9, 0, 1), SplitOptions(), ("test-0",))
