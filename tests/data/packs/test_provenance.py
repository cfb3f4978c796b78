from dataclasses import replace
from pathlib import Path

import pytest

from vaekit.data.listing import Entry, Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.provenance import answers_hash, asked_for, differences, source_hash, transform_hash
from vaekit.data.rows import in_rows
from vaekit.data.splits import SplitOptions
from vaekit.data.transform import Transform

ENTRIES = tuple(Entry(f"{number}.png", Path(f"/x/{number}.png"), number) for number in range(3))
LISTING = Listing("x", "/x", ENTRIES)
FACE = Transform("square", (2, 3), 3)


def hashed(listing: Listing, seed: int = 0) -> str:
    return source_hash(listing, in_rows(listing, SplitOptions(seed=seed)))


def with_first(**changed: object) -> Listing:
    return replace(LISTING, entries=(replace(ENTRIES[0], **changed), *ENTRIES[1:]))


def test_any_change_of_the_files_is_another_source() -> None:
    changed = [
        replace(LISTING, place="/y"),
        replace(LISTING, celeba=True),
        replace(LISTING, entries=ENTRIES[:2]),
        with_first(stamp=9),
        with_first(name="0.jpg"),
        with_first(name="\udcff\n.png"),
        with_first(split="test"),
    ]
    assert len({hashed(listing) for listing in [LISTING, *changed]}) == len(changed) + 1
    assert len({hashed(LISTING, seed) for seed in range(9)}) > 1
    assert hashed(replace(LISTING, name="other", label_names=("a",))) == hashed(LISTING)


def test_any_change_of_the_transform_is_another() -> None:
    changed = [replace(FACE, crop="none"), replace(FACE, size=(3, 2)), replace(FACE, channels=1)]
    assert len({transform_hash(transform) for transform in [FACE, *changed]}) == 4


def test_labels_and_attributes_count_by_themselves() -> None:
    changed = [with_first(label=1), with_first(attributes=b"\1"), replace(LISTING, label_names=("a",))]
    assert len({answers_hash(listing) for listing in [LISTING, *changed]}) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"image_size": (64, 64)}, []),
        ({"image_size": 32}, ["image_size [32, 32] instead of [64, 64]"]),
        ({"flip": False}, ["flip False instead of the default"]),
        ({"unreadable": 0.5}, []),
    ],
)
def test_differences_are_told(options: dict, words: list[str]) -> None:
    before = asked_for(SplitOptions(), None, PictureOptions(image_size=64), 0)
    after = asked_for(SplitOptions(), None, PictureOptions(**{"image_size": 64, **options}), 0)
    assert differences(after, before) == words
    assert differences(after, {}) != []
