"""Packs end to end: made, opened, damaged, interrupted, and made anew."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit.data import PictureOptions, SplitOptions, fingerprint, load
from vaekit.data import decoding as decoding_module
from vaekit.data.content import computed
from vaekit.data.packs import building as building_module
from vaekit.data.packs import completing as completing_module
from vaekit.data.packs.description import FILE, HELD_OUT, is_pack_of_pictures, read_description
from vaekit.data.packs.npy import save
from vaekit.data.packs.pack import open_pack
from vaekit.data.packs.packing import Packed, Wish, pack_source
from vaekit.data.packs.shards import Shards
from vaekit.data.walk import is_pictures
from vaekit.errors import UserError

PARTS = ("train", "validation", "test")
Draw = Callable[..., Path]


@pytest.fixture
def faces(tmp_path: Path, draw: Draw) -> Path:
    """Forty pictures of two classes, two of them damaged."""
    for number in range(40):
        draw(tmp_path / "faces" / ("cats", "dogs")[number % 2] / f"{number:02}.png", number, 20, 16)
    for name in ("cats/07bad.png", "dogs/zz.png"):
        (tmp_path / "faces" / name).write_text("no picture")
    return tmp_path / "faces"


def pack(
    source: Path | str, target: Path, report: Callable[[str], None] = lambda line: None, **wish
) -> Packed:
    return pack_source(str(source), Wish(target, **wish), report)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_pack_is_the_same_data_as_its_source(faces: Path, tmp_path: Path, cache: Path) -> None:
    made = pack(faces, tmp_path / "pack")
    assert made.made
    data, source = load(tmp_path / "pack"), load(faces)
    assert fingerprint(data) == computed(data) == fingerprint(source) == computed(source)
    assert data.spec == source.spec == replace(data, known=None).spec
    for name in ("name", "levels", "flip", "label_names", "unreadable", "transform"):
        assert getattr(data, name) == getattr(source, name)
    for part in PARTS:
        ours, theirs = data.split(part), source.split(part)
        assert ours.names == theirs.names
        np.testing.assert_array_equal(ours.index_in_source, theirs.index_in_source)
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == [
        "contact-sheet.png", "index.npy", "labels.npy", "names.npy", "names.txt", FILE, "stamps.npy", "values.npy"
    ]  # fmt: skip
    np.testing.assert_array_equal(
        np.load(tmp_path / "pack" / "values.npy")[-len(data.train) :], data.train.values
    )
    assert is_pack_of_pictures(str(tmp_path / "pack"))
    assert not is_pictures(str(tmp_path / "pack"))


def test_an_entry_of_the_cache_is_a_pack(faces: Path, cache: Path) -> None:
    source = load(faces)
    (entry,) = cache.iterdir()
    assert fingerprint(load(entry)) == fingerprint(source)
    assert source.known is not None
    values = source.train.values
    assert isinstance(values, np.ndarray)
    assert torch.as_tensor(values).data_ptr() == values.ctypes.data
    values[:] = 0  # stays private
    assert computed(load(entry)) == fingerprint(source)


@pytest.mark.parametrize("shards", [1, 3, 5])
def test_shards_hold_the_same_examples(shards: int, faces: Path, tmp_path: Path, cache: Path) -> None:
    pack(faces, tmp_path / "pack", shards=shards)
    data, source = load(tmp_path / "pack"), load(faces)
    values = data.train.values
    assert isinstance(values, Shards)
    assert fingerprint(data) == computed(data)
    # In other order, the sums round otherwise; the variance is exact.
    assert data.spec == source.spec
    for part in PARTS:
        ours, theirs = data.split(part), source.split(part)
        assert ours.labels is not None
        assert theirs.labels is not None
        order = np.argsort(ours.index_in_source), np.argsort(theirs.index_in_source)
        np.testing.assert_array_equal(ours.take(order[0]).values, theirs.take(order[1]).values)
        np.testing.assert_array_equal(ours.labels[order[0]], theirs.labels[order[1]])
        assert ours.take(order[0]).names == theirs.take(order[1]).names
    # Validation and test are there without any shard.
    for path in (tmp_path / "pack").glob("values-*"):
        path.unlink()
    assert np.asarray(load(tmp_path / "pack").validation.values).shape == source.validation.values.shape
    drawn = load(tmp_path / "pack").train
    with pytest.raises(UserError, match="is missing"):
        drawn.values[0]


def test_what_is_known_is_dropped_where_values_change(faces: Path, tmp_path: Path) -> None:
    pack(faces, tmp_path / "pack")
    data = load(tmp_path / "pack")
    assert data.known is not None
    assert replace(data, flip=False).known is data.known
    drawn = load(tmp_path / "pack", binarise="dynamic")
    fixed = load(tmp_path / "pack", binarise="fixed")
    fewer = replace(data, train=data.train.take(np.arange(3)))
    for other in (drawn, fixed, fewer):
        assert other.known is None
        assert fingerprint(other) != fingerprint(data)
    assert fewer.spec.variance != data.spec.variance


def arrays(kind: str, folder: Path) -> str:
    rng = np.random.default_rng(0)
    if kind == "digits":
        return "digits"
    if kind == "deep":
        np.savez(folder / "x.npz", x=rng.integers(0, 1000, (30, 5, 4)).astype(np.uint16), y=np.arange(30))
        return str(folder / "x.npz")
    np.savez(
        folder / "x.npz", train=rng.normal(size=(30, 7)), test=rng.normal(size=(9, 7)), y_train=np.arange(30)
    )
    return str(folder / "x.npz")


@pytest.mark.parametrize("kind", ["digits", "deep", "floats"])
@pytest.mark.parametrize("shards", [0, 4])
def test_other_data_become_packs_too(kind: str, shards: int, tmp_path: Path) -> None:
    source, levels = arrays(kind, tmp_path), 1000 if kind == "deep" else None
    made = pack(source, tmp_path / "pack", shards=shards, levels=levels)
    data, expected = load(tmp_path / "pack"), load(source, levels=levels)
    assert data.spec == expected.spec
    assert data.train.values.dtype == expected.train.values.dtype
    if not shards:
        assert fingerprint(data) == computed(expected)
        again = pack(tmp_path / "pack", tmp_path / "again")
        assert again.pack.description.fingerprint == made.pack.description.fingerprint
    assert not is_pack_of_pictures(str(tmp_path / "pack"))
    assert not pack(source, tmp_path / "pack", shards=shards, levels=levels).made


@pytest.mark.parametrize("shards", [0, 3])
def test_killed_packing_goes_on_to_the_same_bytes(
    shards: int, faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while rows are written, while they are noted, at the end, and once more after that."""
    monkeypatch.setattr(building_module, "SECONDS_BETWEEN_ENTRIES", 0.0)
    monkeypatch.setattr(decoding_module, "_MOST_TOGETHER", 4)
    pack(faces, tmp_path / "whole", shards=shards)
    reports: list[str] = []
    for victim, name, call in (
        (building_module, "_settle", 2),
        (building_module.Build, "append", 3),
        (building_module.Build, "save", 3),
        (completing_module, "write_names", 1),
        (completing_module, "write_text", 1),
    ):
        killed_at(victim, name, call, lambda: pack(faces, tmp_path / "pack", shards=shards))
        assert not (tmp_path / "pack").exists()
    pack(faces, tmp_path / "pack", reports.append, shards=shards)
    assert content(tmp_path / "pack") == content(tmp_path / "whole")
    assert "going on after 42 pictures" in reports
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "pack", "whole"]


def killed_at(victim: object, name: str, call: int, work: Callable[[], object]) -> None:
    """Do the work in a process that dies when a function is called for the given time."""
    child = os.fork()
    if child == 0:
        function, calls = getattr(victim, name), []

        def lethal(*arguments, **options):
            calls.append(name)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        setattr(victim, name, lethal)
        try:
            work()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def test_two_processes_make_one_pack(faces: Path, tmp_path: Path) -> None:
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if load(tmp_path / "pack").known else 1
            except UserError:
                pack(faces, tmp_path / "pack")
                status = 0 if computed(load(tmp_path / "pack")) == fingerprint(load(tmp_path / "pack")) else 1
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "pack"]


def test_an_up_to_date_pack_is_left_alone(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(faces, tmp_path / "pack")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "pack").iterdir()}
    monkeypatch.setattr(decoding_module, "decode", lambda *_: pytest.fail("decoded again"))
    assert not pack(faces, tmp_path / "pack").made
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "pack").iterdir()} == before


def changed(faces: Path, draw: Draw) -> None:
    draw(faces / "cats" / "00.png", 99, 20, 16)
    draw(faces / "cats" / "new.png", 98, 20, 16)
    draw(faces / "cats" / "new2.png", 97, 20, 16)
    (faces / "dogs" / "01.png").unlink()


def swapped(faces: Path, draw: Draw) -> None:
    (faces / "dogs").rename(faces / "elks")


@pytest.mark.parametrize(
    ("change", "wish", "words"),
    [
        (changed, {}, "2 new, 1 gone, 1 altered"),
        (swapped, {}, "21 new, 21 gone"),
        (None, {"shards": 2}, "shards 2 instead of 0"),
        (None, {"split": SplitOptions(test=0.3)}, "test 0.3 instead of 0.1"),
        (None, {"pictures": PictureOptions(image_size=8)}, r"image_size \[8, 8\] instead of the default"),
    ],
)
def test_what_changed_is_told_and_packed_anew(
    change: Callable[[Path, Draw], None] | None,
    wish: dict,
    words: str,
    faces: Path,
    tmp_path: Path,
    draw: Draw,
) -> None:
    pack(faces, tmp_path / "pack")
    if change is not None:
        change(faces, draw)
    lines: list[str] = []
    assert pack(faces, tmp_path / "pack", lines.append, **wish).made
    assert any(re.search(f"is packed anew: {words}", line) for line in lines), lines
    pack(faces, tmp_path / "fresh", **wish)
    assert content(tmp_path / "pack") == content(tmp_path / "fresh")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "fresh", "pack"]


def test_a_source_that_shrank_leaves_the_pack_alone(faces: Path, tmp_path: Path) -> None:
    pack(faces, tmp_path / "pack")
    before = content(tmp_path / "pack")
    (faces / "dogs" / "01.png").unlink()
    with pytest.raises(UserError, match=r"41 examples, fewer than the 42 .*1 gone.*--replace"):
        pack(faces, tmp_path / "pack")
    assert content(tmp_path / "pack") == before
    assert pack(faces, tmp_path / "pack", replace=True).pack.description.rows == 39


def test_nothing_else_is_replaced(faces: Path, tmp_path: Path) -> None:
    pack("digits", tmp_path / "pack")
    before = content(tmp_path / "pack")
    with pytest.raises(UserError, match="is a pack of digits: choose another place"):
        pack(faces, tmp_path / "pack")
    assert content(tmp_path / "pack") == before
    with pytest.raises(UserError, match="no pack: choose another place"):
        pack(faces, faces)
    with pytest.raises(UserError, match="is a file"):
        pack(faces, tmp_path / "pack" / FILE)
    with pytest.raises(UserError, match="is the pack itself"):
        pack(tmp_path / "pack", tmp_path / "pack")
    with pytest.raises(UserError, match="from 1 to 512"):
        pack(faces, tmp_path / "other", shards=513)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "pack"]


@pytest.mark.parametrize("shards", [0, 3])
def test_a_full_disk_keeps_the_old_pack(
    shards: int, faces: Path, tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(faces, tmp_path / "pack")
    before = content(tmp_path / "pack")
    draw(faces / "cats" / "new.png", 98, 20, 16)
    real, left = os.fsync, [0]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    needed = max(1, shards) * 128 + (43 + (9 if shards else 0)) * 3 * 20 * 16
    for moment in range(1, 60):
        left[0] = moment
        try:
            pack(faces, tmp_path / "pack", shards=shards)
        except UserError as error:
            assert f"need {needed:,} bytes" in str(error)  # noqa: PT017
            assert content(tmp_path / "pack") == before
            assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "pack"]
        else:
            assert moment > 10
            return
    pytest.fail("the disk was always full")


def spoiled(**fields: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        found = json.loads((folder / FILE).read_text())
        (folder / FILE).write_text(json.dumps({**found, **fields}))

    return spoil


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda folder: os.truncate(folder / "values.npy", 150),
    "header only": lambda folder: os.truncate(folder / "values.npy", 60),
    "longer": lambda folder: os.truncate(folder / "values.npy", 10**6),
    "no values": lambda folder: (folder / "values.npy").unlink(),
    "values are a folder": lambda folder: ((folder / "values.npy").unlink(), (folder / "values.npy").mkdir()),
    "other header": lambda folder: (folder / "values.npy").write_bytes(bytes(128 + 40 * 960)),
    "other array": lambda folder: np.save(folder / "values.npy", np.zeros((40, 3, 16, 21), np.uint8)),
    "a pickle": lambda folder: np.save(folder / "values.npy", np.array([{}]), allow_pickle=True),
    "no labels": lambda folder: (folder / "labels.npy").unlink(),
    "short labels": lambda folder: np.save(folder / "labels.npy", np.zeros(39, np.int64)),
    "no names": lambda folder: (folder / "names.txt").unlink(),
    "cut names": lambda folder: os.truncate(folder / "names.txt", 3),
    "garbled": lambda folder: (folder / FILE).write_bytes(b"{\xff"),
    "a list": lambda folder: (folder / FILE).write_text("[]"),
    "nested": lambda folder: (folder / FILE).write_text("[" * 10**5),
    "empty": lambda folder: (folder / FILE).write_text(""),
    "other format": spoiled(format="zip"),
    "newer": spoiled(version=2),
    "no name": spoiled(name=None),
    "rows as text": spoiled(rows="40"),
    "rows true": spoiled(rows=True),
    "no rows": spoiled(rows=0),
    "more rows": spoiled(rows=41),
    "huge rows": spoiled(rows=10**30),
    "huge shape": spoiled(shape=[3, 10**12, 10**12]),
    "negative shape": spoiled(shape=[3, -16, -20]),
    "flat shape": spoiled(shape=960),
    "objects": spoiled(dtype="|O"),
    "other type": spoiled(dtype="<f4", levels=None),
    "floats with levels": spoiled(dtype="<f4"),
    "one level": spoiled(levels=1),
    "levels as text": spoiled(levels="256"),
    "path as shards": spoiled(shards="../.."),
    "shards": spoiled(shards=2),
    "too many shards": spoiled(shards=10**9),
    "parts overlap": spoiled(parts={"train": [0, 40], "validation": [0, 4], "test": [4, 8]}),
    "parts with a gap": spoiled(parts={"train": [9, 40], "validation": [4, 8], "test": [0, 4]}),
    "parts outside": spoiled(parts={"train": [8, 99], "validation": [4, 8], "test": [0, 4]}),
    "parts of text": spoiled(parts={"train": ["8", "40"], "validation": [4, 8], "test": [0, 4]}),
    "train first": spoiled(parts={"train": [0, 32], "validation": [32, 36], "test": [36, 40]}),
    "no parts": spoiled(parts=[]),
    "unknown part": spoiled(labels=["trian"]),
    "nan": spoiled(variance=float("nan")),
    "negative variance": spoiled(variance=-1),
    "other transform": spoiled(transform={"crop": "square", "size": [4, 4], "channels": 3}),
    "odd crop": spoiled(transform={"crop": [], "size": [16, 20], "channels": 3}),
    "crop of text": spoiled(transform={"crop": "../x", "size": [16, 20], "channels": 3}),
    "size of text": spoiled(transform={"crop": "none", "size": "16", "channels": 3}),
    "transform of text": spoiled(transform="square"),
    "unreadable of text": spoiled(unreadable="x"),
    "unreadable of numbers": spoiled(unreadable=[1]),
    "unreadable without reason": spoiled(unreadable=[{"row": 1}]),
    "unreadable of other kinds": spoiled(
        unreadable=[{"row": "1", "name": "a", "place": "b", "reason": "c", "stamp": 3}]
    ),
    "asked nothing": spoiled(asked=None),
    "flip of text": spoiled(flip="yes"),
    "labels of numbers": spoiled(label_names=[1, 2]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pack_is_one_sentence(
    damage: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, sound: Path
) -> None:
    shutil.copytree(sound, tmp_path / "pack")
    DAMAGES[damage](tmp_path / "pack")
    with pytest.raises(UserError) as caught:
        load(tmp_path / "pack")
    assert str(tmp_path / "pack") in str(caught.value)
    assert len(str(caught.value)) < 380
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError):
        open_pack(tmp_path / "pack")


def test_bytes_the_other_way_round_are_refused(tmp_path: Path) -> None:
    """torch knows no such arrays."""
    pack(arrays("deep", tmp_path), tmp_path / "pack", levels=1000)
    swapped = np.load(tmp_path / "pack" / "values.npy").astype(">u2")
    save(tmp_path / "pack" / "values.npy", swapped)
    spoiled(dtype=">u2")(tmp_path / "pack")
    with pytest.raises(UserError, match=r"dtype should be one of \|u1, <u2, <f4"):
        load(tmp_path / "pack")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    for number in range(40):
        path = folder / "faces" / ("a", "b")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, columns = np.mgrid[:16, :20]
        grey = ((rows * number + columns) % 256).astype(np.uint8)
        Image.fromarray(np.stack([grey, grey // 2, grey // 3], -1)).save(path)
    pack(folder / "faces", folder / "pack")
    return folder / "pack"


def test_a_damaged_pack_is_made_anew(faces: Path, tmp_path: Path) -> None:
    pack(faces, tmp_path / "pack")
    whole = content(tmp_path / "pack")
    os.truncate(tmp_path / "pack" / "values.npy", 200)
    lines: list[str] = []
    assert pack(faces, tmp_path / "pack", lines.append).made
    assert "damaged" in lines[0]
    assert content(tmp_path / "pack") == whole


def test_options_beside_a_pack(faces: Path, tmp_path: Path) -> None:
    pack(faces, tmp_path / "pack")
    data = load(tmp_path / "pack")
    assert data.transform is not None
    own = data.transform.options(PictureOptions(), True)
    assert fingerprint(load(tmp_path / "pack", pictures=own)) == fingerprint(data)
    assert not load(tmp_path / "pack", pictures=PictureOptions(flip=False)).flip
    for options in (PictureOptions(crop=9), PictureOptions(image_size=8), PictureOptions(channels=1)):
        with pytest.raises(UserError, match=rf"--{options.shaping[0]} is for folders of pictures"):
            load(tmp_path / "pack", pictures=options)
    with pytest.raises(UserError, match="256 levels, not 3"):
        load(tmp_path / "pack", levels=3)
    with pytest.raises(UserError, match="--unreadable is for folders of pictures"):
        load(tmp_path / "pack", pictures=PictureOptions(unreadable=0.5))
    pack(arrays("floats", tmp_path), tmp_path / "floats")
    with pytest.raises(UserError, match="holds floats, which have no levels: leave --levels out"):
        load(tmp_path / "floats", levels=16)
    lines: list[str] = []
    other = load(tmp_path / "pack", split=SplitOptions(0.3, 0.3), report=lines.append)
    assert fingerprint(other) == fingerprint(data)
    assert "its own division" in lines[0]


def test_opening_does_not_depend_on_the_number_of_examples(tmp_path: Path) -> None:
    """A pack of a hundred million examples, all of them holes in the file, opens like any other."""
    pack("digits", tmp_path / "pack")
    found = json.loads((tmp_path / "pack" / FILE).read_text())
    rows = 100_000_000
    parts = {"test": [0, 9], "validation": [9, 20], "train": [20, rows]}
    spoiled(rows=rows, parts=parts, labels=[], index=[], names=[])(tmp_path / "pack")
    with (tmp_path / "pack" / "values.npy").open("r+b") as file:
        from vaekit.data.packs.npy import header

        file.write(header((rows, *found["shape"]), np.dtype(np.uint8)))
        file.truncate(128 + rows * 64)
    data = load(tmp_path / "pack")
    assert (len(data.train), data.spec.variance) == (rows - 20, found["variance"])
    assert fingerprint(data) == found["fingerprint"]
    assert data.train.values[-1].sum() == 0


def test_the_description_survives_names_of_any_kind(tmp_path: Path, draw: Draw) -> None:
    for number in range(5):
        draw(tmp_path / "odd" / f"{number}.png", number)
    name = os.fsencode(tmp_path / "odd") + b"/\xff\n.png"
    with open(name, "wb") as file:
        file.write((tmp_path / "odd" / "0.png").read_bytes())
    with open(os.fsencode(tmp_path / "odd") + b"/\xfe.png", "wb") as file:
        file.write(b"no picture")
    pack(tmp_path / "odd", tmp_path / "pack", pictures=PictureOptions(unreadable=0.5))
    data = load(tmp_path / "pack")
    assert "\udcff\n.png" in [name for part in PARTS for name in data.split(part).names or ()]
    assert read_description(tmp_path / "pack").unreadable[0].name == "\udcfe.png"
    assert not pack(tmp_path / "odd", tmp_path / "pack", pictures=PictureOptions(unreadable=0.5)).made


def test_a_pack_among_pictures_is_none_of_them(faces: Path, cache: Path) -> None:
    before = load(faces)
    pack(faces, faces / "pack")
    after = load(faces)
    assert fingerprint(after) == fingerprint(before)
    assert HELD_OUT not in os.listdir(faces / "pack")


def test_somebody_elses_description_makes_no_pack(faces: Path, tmp_path: Path, cache: Path) -> None:
    before = fingerprint(load(faces))
    (faces / FILE).write_text('{"name": "a pack of textures"}')
    (faces / "cats" / FILE).write_text('{"name": "a pack of textures"}')
    assert fingerprint(load(faces)) == before
    with pytest.raises(UserError, match="no pack"):
        pack("digits", faces)


@pytest.mark.parametrize("damage", ["sidecar", "version", "garbled"])
def test_what_cannot_be_opened_gives_way_to_its_own_source_alone(
    damage: str, faces: Path, tmp_path: Path
) -> None:
    target = tmp_path / "pack"
    pack(faces, target)
    if damage == "sidecar":
        os.truncate(target / "labels.npy", 130)
    elif damage == "version":
        spoiled(version=2)(target)
    else:
        (target / FILE).write_text('{"format": "vaekit pack", ')
    before = content(target)
    with pytest.raises(UserError, match=r"choose another place with -o, or add --replace"):
        pack("digits", target)
    (faces / "dogs" / "01.png").unlink()
    with pytest.raises(UserError, match="--replace"):
        pack(faces, target)
    (faces / "dogs" / "01.png").write_bytes((faces / "dogs" / "03.png").read_bytes())
    if damage != "sidecar":
        with pytest.raises(UserError, match="--replace"):
            pack(faces, target)
    assert content(target) == before
    lines: list[str] = []
    assert pack(faces, target, lines.append, replace=damage != "sidecar").made
    assert sum("is made anew, since it is damaged" in line for line in lines) == 1


@pytest.mark.parametrize("own", ["notes.txt", "plots/", "values.npy.old", "values.npy/"])
def test_what_belongs_to_a_person_is_not_deleted(own: str, faces: Path, tmp_path: Path) -> None:
    target = tmp_path / "pack"
    pack(faces, target)
    (target / own).unlink(missing_ok=True)
    if own.endswith("/"):
        (target / own).mkdir()
    else:
        (target / own).write_text("mine")
    (target / ".pack.json.17.tmp").touch()  # of a process that was killed
    if own != "values.npy/":
        assert not pack(faces, target).made
    with pytest.raises(UserError, match=f"{own.rstrip('/')} is no part of the pack"):
        pack(faces, target, shards=2, replace=True)
    assert (target / own).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "pack"]
    (target / own).rmdir() if own.endswith("/") else (target / own).unlink()
    assert pack(faces, target, shards=2).made


def test_a_file_put_there_while_it_is_packed_is_not_deleted(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "pack"
    pack(faces, target)
    finish = building_module.Build.finish

    def late(build: building_module.Build) -> None:
        finish(build)
        (target / "notes.txt").write_text("mine")

    monkeypatch.setattr(building_module.Build, "finish", late)
    with pytest.raises(UserError, match=r"notes\.txt is no part of the pack"):
        pack(faces, target, shards=2)
    monkeypatch.undo()
    (target / "notes.txt").unlink()
    lines: list[str] = []
    pack(faces, target, lines.append, shards=2)
    assert "going on after 42 pictures" in lines


@pytest.mark.parametrize("kind", ["pictures", "arrays"])
def test_more_shards_than_examples_are_refused(kind: str, tmp_path: Path, draw: Draw) -> None:
    source, target = tmp_path / "few", tmp_path / "pack"
    source.mkdir()
    if kind == "arrays":
        np.save(source / "x.npy", np.arange(60.0).reshape(10, 6))
        source = source / "x.npy"
    else:
        for number in range(10):
            draw(source / f"{number}.png", number)
    pack(source, target)
    before = content(target)
    with pytest.raises(
        UserError, match=r"--shards 9 are more than the training examples of .*, 8: give fewer"
    ):
        pack(source, target, shards=9)
    assert content(target) == before
    assert pack(source, target, shards=8).pack.description.shards == 8


def test_shards_that_unreadable_files_leave_empty_are_refused(tmp_path: Path, draw: Draw) -> None:
    source, target = tmp_path / "few", tmp_path / "pack"
    for number in range(10):
        draw(source / f"{number}.png", number)
    (source / "bad.png").write_text("no picture")
    pack(source, target)
    before = content(target)
    with pytest.raises(UserError, match=r"--shards 9 are more than .*, 8: give fewer"):
        pack(source, target, shards=9)
    assert content(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few", "pack"]


def test_only_what_opens_replaces_an_old_pack(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(faces, tmp_path / "pack")
    before = content(tmp_path / "pack")
    monkeypatch.setattr(completing_module, "write_names", lambda folder, names: None)
    with pytest.raises(UserError, match=r"names\.npy is missing"):
        pack(faces, tmp_path / "pack", shards=2)
    assert content(tmp_path / "pack") == before


def test_a_pack_of_a_pack_counts_what_is_stored(faces: Path, tmp_path: Path, draw: Draw) -> None:
    pack(faces, tmp_path / "first")
    pack(tmp_path / "first", tmp_path / "second")
    assert not pack(tmp_path / "first", tmp_path / "second").made
    draw(faces / "dogs" / "01.png", 99, 20, 16)
    pack(faces, tmp_path / "first")
    again = pack(tmp_path / "first", tmp_path / "second")
    assert (again.made, again.pack.description.rows, len(again.pack.description.unreadable)) == (True, 40, 2)


def test_a_file_that_could_not_be_opened_is_tried_again(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither size nor time of a file tell that it may be read now, also of those that stopped a packing."""
    decode = decoding_module.decode

    def forbidden(path, transform):
        if Path(path).name in ("02.png", "05.png", "06.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return decode(path, transform)

    monkeypatch.setattr(decoding_module, "decode", forbidden)
    lines: list[str] = []
    with pytest.raises(UserError, match="5 of 42 pictures cannot be read"):
        pack(faces, tmp_path / "pack", lines.append)
    kept = pack(faces, tmp_path / "pack", lines.append, pictures=PictureOptions(unreadable=0.3))
    assert (len(kept.pack.description.unreadable), lines[0]) == (5, "going on after 42 pictures")
    assert not pack(faces, tmp_path / "pack", pictures=PictureOptions(unreadable=0.3)).made
    with pytest.raises(UserError, match="5 of 42 pictures cannot be read"):
        pack(faces, tmp_path / "other")
    monkeypatch.setattr(decoding_module, "decode", decode)
    for target in ("pack", "other"):
        made = pack(faces, tmp_path / target, lines.append)
        assert (made.made, len(made.pack.description.unreadable)) == (True, 2)
    assert any("files that could not be read can be read now" in line for line in lines)
    assert content(tmp_path / "pack") == content(tmp_path / "other")
