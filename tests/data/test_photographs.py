"""Folders of pictures end to end: listed, decoded once, divided."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vaekit.data import PictureOptions, SplitOptions, decoding, fingerprint, load
from vaekit.data.decode import decode
from vaekit.data.packs import pictures as pictures_pack
from vaekit.data.transform import Transform
from vaekit.errors import UserError

SHARED = Path(__file__).parents[3] / "shared" / "data"
PARTS = ("train", "validation", "test")
Draw = Callable[..., Path]


def half(path: Path) -> bytes:
    """A file cut short; its header is still whole."""
    content = path.read_bytes()
    return content[: len(content) // 2]


@pytest.fixture
def faces(tmp_path: Path, cache: Path, draw: Draw) -> Path:
    """Twenty pictures, each of another size, all a little larger than 64 pixels."""
    for number in range(20):
        draw(tmp_path / "faces" / f"{number:02}.png", number, 90 + number, 70 + number % 3)
    return tmp_path / "faces"


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What has been decoded."""
    seen: list[object] = []

    def counted(content, transform):
        seen.append(content)
        return decode(content, transform)

    monkeypatch.setattr(decoding, "decode", counted)
    return seen


def test_every_picture_is_what_the_transform_makes_of_it(faces: Path) -> None:
    data = load(faces)
    assert (data.name, data.levels, data.stored_levels, data.flip) == ("faces", 256, 256, True)
    assert data.transform is not None
    assert data.transform == Transform("square", (64, 64), 3)
    assert [len(data.split(part)) for part in PARTS] == [16, 2, 2]
    names: list[str] = []
    for part in PARTS:
        split = data.split(part)
        assert split.names is not None
        names += split.names
        for name, values in zip(split.names, split.array, strict=True):
            np.testing.assert_array_equal(values, decode(faces / name, data.transform))
    assert sorted(names) == sorted(path.name for path in faces.iterdir())


def test_pictures_are_decoded_once(faces: Path, cache: Path, decodes: list[object]) -> None:
    lines: list[str] = []
    first = load(faces, report=lines.append)
    assert len(decodes) == 20
    assert [line for line in lines if line.startswith("decoding 20 pictures into the cache")]
    again = load(str(faces), report=lambda line: pytest.fail(line))
    assert first.transform is not None
    asked = load(
        faces, pictures=first.transform.options(PictureOptions(), True), split=SplitOptions(0.2, 0.3)
    )
    assert len(decodes) == 20
    assert fingerprint(again) == fingerprint(first)
    assert [len(asked.split(part)) for part in PARTS] == [10, 4, 6]
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("damage", ["values.npy", "pack.json", "rows", "names.txt"])
def test_a_damaged_entry_is_decoded_anew(
    damage: str, faces: Path, cache: Path, decodes: list[object]
) -> None:
    before = load(faces)
    (entry,) = cache.iterdir()
    if damage == "rows":
        found = (entry / "pack.json").read_text()
        bad = '[{"row": 99, "name": "", "place": "", "reason": "", "stamp": 0}]'
        (entry / "pack.json").write_text(found.replace('"unreadable": []', f'"unreadable": {bad}'))
    else:
        (entry / damage).write_bytes((entry / damage).read_bytes()[:100])
    assert fingerprint(load(faces)) == fingerprint(before)
    assert len(decodes) == 40
    assert list(cache.iterdir()) == [entry]


def test_what_the_headers_told_is_not_asked_again(
    tmp_path: Path, cache: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        draw(tmp_path / "small" / f"{number}.pgm", number, 20, 16)
    before = load(tmp_path / "small")
    monkeypatch.setattr("vaekit.data.headers.read_header", lambda content: pytest.fail("looked again"))
    after = load(tmp_path / "small")
    assert (after.transform, fingerprint(after)) == (before.transform, fingerprint(before))


def test_a_changed_file_is_decoded_anew(faces: Path, draw: Draw, decodes: list[object]) -> None:
    before = load(faces)
    draw(faces / "03.png", 99, 80, 80)
    assert fingerprint(load(faces)) != fingerprint(before)
    assert len(decodes) == 40


@pytest.mark.parametrize("kind", ["flat", "parts"])
def test_bad_files_change_not_one_bit(kind: str, tmp_path: Path, cache: Path, draw: Draw) -> None:
    """RELIABILITY 8: the run equals that of the folder without them, though they lie about size and colour."""
    folder = tmp_path / "clean"
    for number in range(30):
        part = ("train/", "test/")[number % 5 == 0] if kind == "parts" else ""
        draw(folder / f"{part}{number}.pgm", number, 20, 16)
    shutil.copytree(folder, tmp_path / "dirty")
    place = tmp_path / "dirty" / ("train" if kind == "parts" else "")
    draw(tmp_path / "big.png", 1, 300, 200)
    (place / "05_cut.png").write_bytes(half(tmp_path / "big.png"))
    (place / "zz_text.jpg").write_text("no picture")
    lines: list[str] = []
    clean, dirty = load(folder), load(tmp_path / "dirty", report=lines.append)
    assert fingerprint(dirty) == fingerprint(clean)
    assert dirty.transform == clean.transform
    for part in PARTS:
        assert dirty.split(part).names == clean.split(part).names
        np.testing.assert_array_equal(dirty.split(part).index_in_source, clean.split(part).index_in_source)
    assert {path for path, _ in dirty.unreadable} == {str(place / "05_cut.png"), str(place / "zz_text.jpg")}
    assert any(line.startswith("2 of 32 pictures cannot be read and are left out: ") for line in lines)


def test_too_many_bad_files_stop_and_what_is_decoded_is_kept(
    faces: Path, cache: Path, decodes: list[object]
) -> None:
    for number in range(5):
        (faces / f"bad{number}.png").write_text("no")
    with pytest.raises(
        UserError, match=r"5 of 25 pictures cannot be read, more than --unreadable 0\.1 allows: bad"
    ):
        load(faces)
    decodes.clear()
    generous = load(faces, pictures=PictureOptions(unreadable=0.2))
    assert (len(generous.unreadable), decodes) == (5, [])
    assert [path.name.startswith("faces-") for path in cache.iterdir()] == [True]
    with pytest.raises(UserError, match=r"more than --unreadable 0\.1"):
        load(faces)


@pytest.mark.parametrize(
    "options", [PictureOptions(), PictureOptions(64, 64, 3), PictureOptions(unreadable=1)]
)
def test_without_a_readable_picture_there_is_nothing(
    options: PictureOptions, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no")
    with pytest.raises(UserError, match=r"none of .*pictures can be read"):
        load(tmp_path / "bad", pictures=options)


def test_a_file_that_could_not_be_opened_is_tried_again(
    faces: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither size nor time of a file tell that it may be read now."""

    def forbidden(content, transform):
        if content == faces / "03.png":
            raise PermissionError(13, "Permission denied", str(content))
        return decode(content, transform)

    (faces / "bad.png").write_text("no picture")
    monkeypatch.setattr(decoding, "decode", forbidden)
    assert len(load(faces).unreadable) == len(load(faces).unreadable) == 2
    monkeypatch.setattr(decoding, "decode", decode)
    assert [place for place, _ in load(faces).unreadable] == [str(faces / "bad.png")]
    monkeypatch.setattr(decoding, "decode", lambda *_: pytest.fail("decoded again"))
    assert len(load(faces).unreadable) == 1


def test_pictures_smaller_than_the_crop(faces: Path, draw: Draw, cache: Path) -> None:
    small = draw(faces / "small.png", 0, 60, 80)
    with pytest.raises(UserError, match=rf"{small} has 60×80 pixels, smaller than the crop of 65×65"):
        load(faces, pictures=PictureOptions(crop=65))
    assert list(cache.iterdir()) == []
    small.write_bytes(half(small))  # unreadable: no reason to stop
    assert load(faces, pictures=PictureOptions(crop=65)).spec.shape == (3, 64, 64)


def test_small_pictures_keep_their_size(tmp_path: Path, cache: Path, draw: Draw) -> None:
    for number in range(5):
        draw(tmp_path / "a" / f"{number}.pgm", number, 28, 20)
    assert load(tmp_path / "a").spec.shape == (1, 20, 28)
    draw(tmp_path / "a" / "5.png", 5, 24, 26)
    assert load(tmp_path / "a").spec.shape == (3, 24, 24)


def test_classes_keep_their_names(tmp_path: Path, cache: Path, draw: Draw) -> None:
    for number in range(12):
        draw(tmp_path / "pets" / ("dogs", "cats")[number % 2] / f"{number}.png", number)
    data = load(tmp_path / "pets")
    assert data.label_names == ("cats", "dogs")
    for part in PARTS:
        split = data.split(part)
        assert split.labels is not None
        assert [data.label_names[label] for label in split.labels] == [name[:4] for name in split.names or ()]


def test_several_folders_together(tmp_path: Path, cache: Path, draw: Draw) -> None:
    for number in range(10):
        draw(tmp_path / "a" / f"{number}.png", number)
        draw(tmp_path / "b" / ("test" if number < 3 else "train") / f"{number}.png", number)
    data = load(f"{tmp_path / 'a'} + {tmp_path / 'b'}")
    assert data.name == "a + b"
    assert sorted(data.test.names or ()) == ["b/test/0.png", "b/test/1.png", "b/test/2.png"]
    assert len(data.train) + len(data.validation) == 17


def celeba(root: Path, draw: Draw, height: int, offset: int = 0) -> Path:
    rows, answers = ["image_id,partition"], ["image_id,Smiling"]
    for number in range(10):
        name = f"{number + offset:06}.jpg"
        draw(root / "img_align_celeba" / name, number, round(height * 178 / 218), height)
        rows.append(f"{name},{max(0, number - 7)}")
        answers.append(f"{name},{1 if number % 2 else -1}")
    (root / "list_eval_partition.csv").write_text("\n".join(rows))
    (root / "list_attr_celeba.csv").write_text("\n".join(answers))
    return root


def test_celeba_is_cut_at_its_own_scale_with_its_attributes(tmp_path: Path, cache: Path, draw: Draw) -> None:
    full, half = celeba(tmp_path / "full", draw, 218), celeba(tmp_path / "half", draw, 109, 50)
    data = load(full)
    assert data.transform == Transform("celeba", (64, 64), 3)
    assert data.attribute_names == ("Smiling",)
    assert data.test.attributes is not None
    assert data.test.attributes.tolist() == [[1]]
    assert data.train.attributes is not None
    assert data.train.attributes[:, 0].tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    both = load(f"{full} + {half}")
    assert both.attribute_names == ("Smiling",)
    assert [len(both.split(part)) for part in PARTS] == [16, 2, 2]
    # The same drawing at two scales shows the same cut.
    assert np.abs(both.train.values[0].astype(int) - both.train.values[8]).max() <= 12


def test_the_whole_picture_and_other_sizes(tmp_path: Path, cache: Path, draw: Draw) -> None:
    source = celeba(tmp_path / "full", draw, 218)
    for options, shape in (
        (PictureOptions("none", 128), (3, 128, 128)),
        (PictureOptions(image_size=(128, 104)), (3, 128, 104)),
        (PictureOptions("celeba", 96, 1), (1, 96, 96)),
    ):
        data = load(source, pictures=options)
        assert data.spec.shape == shape
        assert data.transform is not None
        assert data.train.names is not None
        found = decode(source / "img_align_celeba" / data.train.names[0], data.transform)
        np.testing.assert_array_equal(data.train.values[0], found)
    assert load(source, pictures=PictureOptions(image_size=(128, 104))).transform == Transform(
        "aspect", (128, 104), 3
    )


def test_changed_attributes_are_seen_without_decoding(
    tmp_path: Path, cache: Path, draw: Draw, decodes: list[object]
) -> None:
    source = celeba(tmp_path / "full", draw, 218)
    before = load(source)
    table = source / "list_attr_celeba.csv"
    table.write_text(table.read_text().replace("000009.jpg,1", "000009.jpg,-1"))
    after = load(source)
    assert after.test.attributes is not None
    assert after.test.attributes.tolist() == [[0]]
    assert fingerprint(after) != fingerprint(before)
    assert len(decodes) == 10


def test_levels_flip_and_binarisation(faces: Path) -> None:
    assert load(faces, levels=256).levels == 256
    with pytest.raises(UserError, match="pictures have 256 levels, not 17"):
        load(faces, levels=17)
    assert not load(faces, pictures=PictureOptions(flip=False)).flip
    drawn = load(faces, binarise="fixed")
    assert (drawn.levels, drawn.flip, drawn.transform) == (2, True, Transform("square", (64, 64), 3))


def test_progress_is_told(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_pack, "SECONDS_BETWEEN_LINES", 0.0)
    lines: list[str] = []
    load(faces, report=lines.append)
    assert lines[-1] == "100%  20 of 20 pictures decoded, 0 seconds left"


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared data are not at {SHARED}")
def test_shared_celeba_and_hostile_files(tmp_path: Path, cache: Path, draw: Draw) -> None:
    """A few originals at both scales; then hostile files among sound ones, each refusal listed."""
    folder = tmp_path / "some"
    images = folder / "img_align_celeba"
    images.mkdir(parents=True)
    for path in sorted((SHARED / "celeba").rglob("*.jpg"))[:20]:
        shutil.copy(path, images)
    for path in sorted((SHARED / "celeba-half").rglob("*.jpg"))[:20]:
        shutil.copy(path, images / f"half-{path.name}")
    data = load(folder)
    assert (data.transform, len(data.train)) == (Transform("celeba", (64, 64), 3), 32)
    assert 0.03 < data.spec.variance < 0.1
    bad = sorted(path for name in ("crash", "pngsuite") for path in (SHARED / "bad_images" / name).iterdir())
    (tmp_path / "mixed").mkdir()
    for number, path in enumerate(bad):
        shutil.copy(path, tmp_path / "mixed" / f"{number}.png")
    mixed = load(tmp_path / "mixed", pictures=PictureOptions(unreadable=0.9))
    kept = sum(len(mixed.split(part)) for part in PARTS)
    assert kept + len(mixed.unreadable) == len(bad)
    assert kept > 160
    assert all(reason for _, reason in mixed.unreadable)
