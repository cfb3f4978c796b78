from pathlib import Path

import pytest

from vaekit.data.folders import list_folder
from vaekit.data.listing import Listing
from vaekit.data.walk import stamp_of
from vaekit.errors import UserError


def listed(folder: Path, *names: str) -> Listing:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return list_folder(folder)


def rows(listing: Listing) -> list[tuple[str, str, int | None]]:
    return [(entry.name, entry.split, entry.label) for entry in listing.entries]


def test_a_flat_folder(tmp_path: Path) -> None:
    listing = listed(tmp_path / "faces", "b.jpg", "a.PNG", "Thumbs.db", ".DS_Store", "notes.txt", "z.svg")
    assert rows(listing) == [("a.PNG", "train", None), ("b.jpg", "train", None)]
    assert (listing.name, listing.place, listing.celeba) == (
        "faces",
        str((tmp_path / "faces").resolve()),
        False,
    )
    assert listing.notes == ("4 files that are no pictures ignored: .DS_Store, Thumbs.db, notes.txt …",)
    assert listing.entries[0].stamp == stamp_of(1, (tmp_path / "faces" / "a.PNG").stat().st_mtime_ns)
    assert listing.entries[0].where == str(tmp_path / "faces" / "a.PNG")


def test_one_folder_per_class(tmp_path: Path) -> None:
    listing = listed(tmp_path, "dogs/1.png", "cats/tabby/1.png", "cats/2.png", "readme/text.md")
    assert listing.label_names == ("cats", "dogs")
    assert rows(listing) == [
        ("cats/2.png", "train", 0),
        ("cats/tabby/1.png", "train", 0),
        ("dogs/1.png", "train", 1),
    ]


def test_pictures_beside_the_classes_take_the_labels_away(tmp_path: Path) -> None:
    listing = listed(tmp_path, "dogs/1.png", "cats/2.png", "3.png")
    assert listing.label_names == ()
    assert {entry.label for entry in listing.entries} == {None}
    assert len(listing.entries) == 3
    assert listing.notes == ("not every picture of train lies in the folder of a class: no labels there",)


def test_a_flat_part_has_no_labels_and_the_others_keep_theirs(tmp_path: Path) -> None:
    names = [
        "train/red/1.png",
        "train/green/1.png",
        "val/green/2.png",
        "val/red/2.png",
        "test/3.png",
        "test/4.png",
    ]
    listing = listed(tmp_path, *names)
    assert listing.label_names == ("green", "red")
    assert {name: label for name, _, label in rows(listing)} == {
        "train/red/1.png": 1,
        "train/green/1.png": 0,
        "val/green/2.png": 0,
        "val/red/2.png": 1,
        "test/3.png": None,
        "test/4.png": None,
    }
    assert listing.notes == ("not every picture of test lies in the folder of a class: no labels there",)


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_parts_of_their_own(validation: str, tmp_path: Path) -> None:
    listing = listed(
        tmp_path, "train/a/1.png", "train/b/2.png", f"{validation}/b/3.png", "test/a/4.png", "logo.png"
    )
    assert {entry.name: (entry.split, entry.label) for entry in listing.entries} == {
        "train/a/1.png": ("train", 0),
        "train/b/2.png": ("train", 1),
        f"{validation}/b/3.png": ("validation", 1),
        "test/a/4.png": ("test", 0),
    }
    assert listing.label_names == ("a", "b")
    assert listing.notes == ("1 file outside train, val and test left out: logo.png",)


def test_parts_without_classes(tmp_path: Path) -> None:
    assert rows(listed(tmp_path, "train/1.png", "test/2.png", "test/3.png")) == [
        ("test/2.png", "test", None),
        ("test/3.png", "test", None),
        ("train/1.png", "train", None),
    ]


def test_a_single_folder_around_everything_is_looked_through(tmp_path: Path) -> None:
    listing = listed(tmp_path, "archive/v1/cats/1.png", "archive/v1/dogs/2.png", "archive/licence.txt")
    assert listing.label_names == ("cats", "dogs")
    assert listing.entries[0].name == "archive/v1/cats/1.png"


@pytest.mark.parametrize("names", [["train/1.png", "train/2.png"], ["only/1.png", "only/2.png"]])
def test_one_folder_is_no_class(names: list[str], tmp_path: Path) -> None:
    assert rows(listed(tmp_path, *names)) == [(name, "train", None) for name in names]


def test_train_may_be_a_class_among_others(tmp_path: Path) -> None:
    assert listed(tmp_path, "train/1.png", "plane/2.png").label_names == ("plane", "train")


@pytest.mark.parametrize(
    ("names", "message"),
    [(["test/1.png"], "all pictures lie in test/"), (["test/1.png", "val/2.png"], "no train/ beside them")],
)
def test_parts_without_train_are_refused(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        listed(tmp_path, *names)
