"""CelebA's layouts, drawn here; a photograph is nowhere needed."""

from pathlib import Path

import pytest

from vaekit.data.celeba import find_celeba, list_celeba
from vaekit.errors import UserError

NAMES = [f"{number:06}.jpg" for number in range(1, 7)]
PARTS = ["train", "train", "train", "train", "validation", "test"]


def images(folder: Path, names: list[str] = NAMES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def kaggle(root: Path) -> Path:
    images(root / "img_align_celeba" / "img_align_celeba")
    rows = [f"{name},{number}" for name, number in zip(NAMES, (0, 0, 0, 0, 1, 2), strict=True)]
    (root / "list_eval_partition.csv").write_text("\n".join(["image_id,partition", *rows]))
    rows = [f"{name},{1 if index % 2 else -1},-1" for index, name in enumerate(NAMES)]
    (root / "list_attr_celeba.csv").write_text("\n".join(["image_id,Smiling,Eyeglasses", *rows, ""]))
    return root


def torchvision(root: Path) -> Path:
    place = root / "celeba"
    images(place / "img_align_celeba")
    rows = [f"{name} {number}" for name, number in zip(NAMES, (0, 0, 0, 0, 1, 2), strict=True)]
    (place / "list_eval_partition.txt").write_text("\n".join(rows) + "\n")
    rows = [f"{name}  {'1' if index % 2 else '-1'} -1" for index, name in enumerate(NAMES)]
    (place / "list_attr_celeba.txt").write_text("\n".join(["6", "Smiling Eyeglasses", *rows]) + "\n")
    return root


@pytest.mark.parametrize("layout", [kaggle, torchvision])
def test_both_layouts(layout, tmp_path: Path) -> None:
    listing = list_celeba(layout(tmp_path / "faces"))
    assert [entry.name for entry in listing.entries] == NAMES
    assert [entry.split for entry in listing.entries] == PARTS
    assert (listing.name, listing.celeba, listing.label_names) == ("faces", True, ())
    assert listing.attribute_names == ("Smiling", "Eyeglasses")
    assert [entry.attributes for entry in listing.entries] == [b"\0\0", b"\1\0"] * 3
    assert listing.notes == ()


def test_what_is_no_celeba(tmp_path: Path) -> None:
    images(tmp_path)
    assert find_celeba(tmp_path) is None


def test_without_tables_all_is_train(tmp_path: Path) -> None:
    images(tmp_path / "img_align_celeba")
    listing = list_celeba(tmp_path)
    assert {entry.split for entry in listing.entries} == {"train"}
    assert listing.attribute_names == ()


def test_images_that_no_row_names_are_left_out(tmp_path: Path) -> None:
    kaggle(tmp_path)
    (tmp_path / "list_attr_celeba.csv").unlink()
    images(tmp_path / "img_align_celeba" / "img_align_celeba", ["999999.jpg"])
    listing = list_celeba(tmp_path)
    assert len(listing.entries) == len(NAMES)
    assert listing.notes == ("1 images are not named in list_eval_partition and left out: 999999.jpg",)


def test_absent_images_are_counted_and_named(tmp_path: Path) -> None:
    kaggle(tmp_path)
    for name in NAMES[:4]:
        (tmp_path / "img_align_celeba" / "img_align_celeba" / name).unlink()
    with pytest.raises(
        UserError, match=r"names 4 images that are absent .*: 000001.jpg, 000002.jpg, 000003.jpg …"
    ):
        list_celeba(tmp_path)


@pytest.mark.parametrize("layout", [kaggle, torchvision])
@pytest.mark.parametrize("rows", [-1, 1])
def test_attributes_of_another_length(layout, rows: int, tmp_path: Path) -> None:
    layout(tmp_path)
    path = next(tmp_path.rglob("list_attr_celeba.*"))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1].replace("000006", "000007")] if rows > 0 else lines[:-1]))
    with pytest.raises(UserError, match=f"has attributes of {6 + rows} images, but 6 are listed"):
        list_celeba(tmp_path)


def test_attributes_of_other_images(tmp_path: Path) -> None:
    path = kaggle(tmp_path) / "list_attr_celeba.csv"
    path.write_text(path.read_text().replace("000006", "000009"))
    with pytest.raises(UserError, match=r"6 are listed, and 1 images have none: 000006\.jpg"):
        list_celeba(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "list_eval_partition.csv",
            "000002.jpg,0",
            "000002.jpg,3",
            "line 3: expected an image and 0, 1 or 2",
        ),
        ("list_eval_partition.csv", "000002.jpg,0", "000002.jpg", "line 3: expected an image"),
        (
            "list_eval_partition.csv",
            "000002.jpg,0",
            "000001.jpg,0",
            "line 3: 000001.jpg is named a second time",
        ),
        ("list_eval_partition.csv", ",0", ",1", "puts no image into train"),
        (
            "list_attr_celeba.csv",
            "000002.jpg,1,-1",
            "000002.jpg,1,0",
            "line 3: expected an image and 2 times 1 or -1",
        ),
        ("list_attr_celeba.csv", "000002.jpg,1,-1", "000002.jpg,1", "line 3: expected an image and 2"),
    ],
)
def test_damaged_tables_are_named_with_the_line(
    file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = kaggle(tmp_path) / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=message):
        list_celeba(tmp_path)


@pytest.mark.parametrize("file", ["list_eval_partition.csv", "list_attr_celeba.csv"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\0\0", b"image_id,partition\n", b"1\n"])
def test_empty_and_garbled_tables_are_refused(file: str, content: bytes, tmp_path: Path) -> None:
    (kaggle(tmp_path) / file).write_bytes(content)
    with pytest.raises(UserError, match=file.split(".")[0]):
        list_celeba(tmp_path)


def test_a_mark_at_the_beginning_is_no_part_of_the_table(tmp_path: Path) -> None:
    path = kaggle(tmp_path) / "list_attr_celeba.csv"
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert list_celeba(tmp_path).attribute_names == ("Smiling", "Eyeglasses")


def test_tables_without_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list_eval_partition.csv").write_text("image_id,partition\n000001.jpg,0\n")
    with pytest.raises(UserError, match="no folder img_align_celeba"):
        list_celeba(tmp_path)
    (tmp_path / "img_align_celeba").mkdir()
    with pytest.raises(UserError, match="holds no pictures"):
        list_celeba(tmp_path)
