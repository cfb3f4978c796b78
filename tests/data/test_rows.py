import hashlib
from pathlib import Path

import numpy as np
import pytest

from vaekit.data.listing import Entry, Listing
from vaekit.data.records import SplitName
from vaekit.data.rows import Rows, in_rows, parts_of
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


def listing(train: int = 0, validation: int = 0, test: int = 0) -> Listing:
    counts: dict[SplitName, int] = {"train": train, "validation": validation, "test": test}
    entries = [
        Entry(f"{part}-{number}", Path("x"), 1, part, number % 3, bytes([number % 2, 1]))
        for part, count in counts.items()
        for number in range(count)
    ]
    return Listing("made", "/made", tuple(entries), attribute_names=("odd", "all"))


def divided(source: Listing, options: SplitOptions, bad: tuple[str, ...] = ()) -> dict[SplitName, Rows]:
    rows = in_rows(source, options)
    kept = np.array([place for place in rows if source.entries[place].name not in bad])
    return parts_of(source, kept, options)


def names(source: Listing, rows: Rows) -> list[str]:
    return [source.entries[place].name for place in rows.entries]


def test_own_parts_keep_the_order_of_the_source() -> None:
    source = listing(4, 2, 3)
    parts = divided(source, SplitOptions())
    assert [(part, rows.start, rows.stop) for part, rows in parts.items()] == [
        ("test", 0, 3),
        ("validation", 3, 5),
        ("train", 5, 9),
    ]
    assert names(source, parts["train"]) == ["train-0", "train-1", "train-2", "train-3"]
    assert parts["test"].index.tolist() == [0, 1, 2]


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
    parts = divided(source, SplitOptions())
    assert tuple(len(parts[part].entries) for part in ("train", "validation", "test")) == sizes
    seen = [name for rows in parts.values() for name in names(source, rows)]
    assert sorted(seen) == sorted(entry.name for entry in source.entries)
    stops = [0, *(rows.stop for rows in parts.values())]
    assert [rows.start for rows in parts.values()] == stops[:-1]
    for rows in parts.values():
        entries = [source.entries[place] for place in rows.entries]
        assert rows.stop - rows.start == len(entries)
        assert rows.labels is not None
        assert rows.labels.tolist() == [entry.label for entry in entries]
        assert rows.attributes is not None
        assert rows.attributes.tobytes() == b"".join(entry.attributes or b"" for entry in entries)


def test_the_index_is_the_place_in_the_source() -> None:
    source = listing(30)
    for rows in divided(source, SplitOptions()).values():
        assert [f"train-{index}" for index in rows.index] == names(source, rows)


def test_the_order_is_that_of_the_hashes() -> None:
    """It must never change: runs are resumed by it."""
    found = names(source := listing(30), divided(source, SplitOptions(seed=3))["test"])
    hashes = {
        entry.name: hashlib.blake2b(f"3/{entry.name}".encode(), digest_size=16).digest()
        for entry in source.entries
    }
    assert found == sorted(hashes, key=hashes.__getitem__)[:3]


def test_another_seed_divides_otherwise() -> None:
    source = listing(30)
    first, again, other = (
        names(source, divided(source, SplitOptions(seed=seed))["test"]) for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("counts", [(30, 0, 0), (30, 5, 0), (30, 5, 5)])
def test_unreadable_entries_change_nothing_else(counts: tuple[int, ...]) -> None:
    """Taking 3 entries away before or after the rows are ordered comes to the same."""
    source = listing(*counts)
    bad = ("train-3", "train-17", "train-29")
    clean = Listing("made", "/made", tuple(entry for entry in source.entries if entry.name not in bad))
    dirty, expected = divided(source, SplitOptions(), bad), divided(clean, SplitOptions())
    for part, rows in expected.items():
        assert names(source, dirty[part]) == names(clean, rows)
        assert (dirty[part].start, dirty[part].stop) == (rows.start, rows.stop)
        np.testing.assert_array_equal(dirty[part].index, rows.index)


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(UserError, match="too few"):
        divided(listing(2), SplitOptions())
    with pytest.raises(UserError, match="no pictures to train on"):
        divided(listing(0, 3, 3), SplitOptions())
    with pytest.raises(UserError, match="no picture of the test part can be read"):
        divided(listing(9, 0, 1), SplitOptions(), ("test-0",))
