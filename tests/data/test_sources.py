import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from vaekit.data.content import fingerprint
from vaekit.data.options import PictureOptions
from vaekit.data.records import Split
from vaekit.data.sources import absolute, fitting, load
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

SHARED = Path(__file__).parents[3] / "shared" / "data"


def grey(count=20):
    return np.random.default_rng(0).integers(0, 256, (count, 6, 5), dtype=np.uint8)


def idx_folder(folder):
    folder.mkdir()
    for part in ("train", "t10k"):
        content = bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 6, 0, 0, 0, 5]) + grey().tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    return folder


def npy(folder):
    np.save(folder / "grey.npy", grey())
    return folder / "grey.npy"


def npz(folder):
    np.savez(folder / "grey.npz", images=grey(), labels=np.arange(20))
    return folder / "grey.npz"


SOURCES = {
    "array": lambda folder: grey(),
    "mapping": lambda folder: {"x": grey()},
    "dataset": lambda folder: TensorDataset(torch.from_numpy(grey())),
    "npy": npy,
    "npz": npz,
    "npy as text": lambda folder: str(npy(folder)),
    "npz as text": lambda folder: str(npz(folder)),
}
NAMES = {"array": "array", "mapping": "arrays", "dataset": "TensorDataset"}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_of_the_same_values_gives_the_same_data(tmp_path, kind):
    data = load(SOURCES[kind](tmp_path), split=SplitOptions(seed=5))
    expected = load(grey(), split=SplitOptions(seed=5))
    assert data.name == NAMES.get(kind, "grey")
    assert data.spec == expected.spec
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(data.split(part).values, expected.split(part).values)


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_folder_of_idx_files(tmp_path, as_type):
    data = load(as_type(idx_folder(tmp_path / "shapes")))
    assert (data.name, data.levels) == ("shapes", 256)
    assert [len(data.train), len(data.validation), len(data.test)] == [18, 2, 20]


def test_the_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    npy(tmp_path)
    assert load("~/grey.npy").name == "grey"


def test_levels_and_binarisation_reach_every_source(tmp_path):
    assert load(grey() // 16, levels=16).levels == 16
    assert load("digits", levels=17).levels == 17
    marked = load(npy(tmp_path), binarise="dynamic")
    assert (marked.levels, marked.stored_levels, marked.spec.levels) == (2, 256, 2)
    first, other = (load("digits", binarise="fixed", split=SplitOptions(seed=seed)) for seed in (0, 1))
    assert first.stored_levels == 2
    assert fingerprint(first) != fingerprint(other)


def test_data_pass_and_can_be_binarised():
    data = load("digits")
    assert load(data) is data
    assert load(data, levels=17) is data
    assert load(data, binarise="dynamic").train is data.train
    with pytest.raises(UserError, match="digits has 17 levels, not 256"):
        load(data, levels=256)


@pytest.mark.parametrize("source", ["digits", np.zeros((5, 4), np.uint8)], ids=["digits", "array"])
def test_impossible_levels_are_refused_before_anything_is_read(source):
    with pytest.raises(UserError, match="levels must be a number from 2 to 65536"):
        load(source, levels=1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", r"there is no data at digit: did you mean digits\?"),
        ("grye.npy", r"there is no data at grye.npy: did you mean grey.npy\?"),
        (
            "elsewhere/x.npy",
            r"there is no data at elsewhere/x.npy: accepted are digits, shapes, sprites; a folder",
        ),
        (
            "qqqqqqqq",
            r"accepted are digits, shapes, sprites; a folder of pictures .*; a .npy, .npz or Parquet file",
        ),
        ("x" * 5000, "cannot look at x.*: File name too long"),
    ],
)
def test_a_missing_path_gets_the_nearest_name(tmp_path, monkeypatch, name, message):
    npy(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        load(name)


def test_a_missing_file_elsewhere_gets_its_sibling(tmp_path):
    npy(tmp_path)
    with pytest.raises(UserError, match=rf"did you mean {tmp_path}/grey\.npy\?"):
        load(tmp_path / "grey.npz")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="is empty; accepted are"):
        load(tmp_path)


@pytest.mark.parametrize("option", [{"crop": 3}, {"image_size": 3}, {"channels": 1}])
def test_how_pictures_fit_is_refused_for_arrays(option):
    with pytest.raises(UserError, match=f"--{next(iter(option))} is for folders of pictures"):
        load(grey(), pictures=PictureOptions(**option))


def test_pictures_that_are_gone_are_missed_before_their_options(tmp_path):
    with pytest.raises(UserError, match="there is no data at"):
        load(tmp_path / "faces", pictures=PictureOptions(crop="square"))


def test_arrays_are_mirrored_only_where_asked():
    assert not load(grey()).flip
    assert load(grey(), pictures=PictureOptions(flip=True)).flip
    assert not load(grey(), pictures=PictureOptions(flip=False)).flip
    with pytest.raises(UserError, match="only images can be mirrored"):
        load(grey().reshape(20, 30), pictures=PictureOptions(flip=True))


def test_only_folders_of_pictures_can_be_taken_together(tmp_path):
    npy(tmp_path)
    with pytest.raises(UserError, match="can be taken together, and digits is none"):
        load(f"digits + {tmp_path / 'grey.npy'}")
    with pytest.raises(UserError, match=r"no data at .*gray.npy: did you mean .*grey.npy\?"):
        load(f"{tmp_path / 'gray.npy'} + digits")


def test_a_source_is_named_in_full(tmp_path, monkeypatch):
    npy(tmp_path)
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute("grey.npy") == str((tmp_path / "grey.npy").resolve())
    assert absolute("a + grey.npy") == f"{(tmp_path / 'a').resolve()} + {(tmp_path / 'grey.npy').resolve()}"
    assert absolute("a + nowhere") == "a + nowhere"


def test_other_data_are_brought_to_the_shape_of_a_model(tmp_path):
    from PIL import Image

    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    asked = PictureOptions(crop="celeba", flip=True)
    found = fitting(tmp_path, (3, 32, 24), asked)
    assert found == PictureOptions(crop="celeba", image_size=(32, 24), channels=3, flip=True)
    assert fitting(str(tmp_path), (10,), asked) == asked
    assert fitting("digits", (1, 8, 8), asked) == PictureOptions()
    assert fitting(grey(), (1, 8, 8), asked) == PictureOptions()


def test_a_folder_with_something_else_says_what_is_there(tmp_path):
    for index in range(7):
        (tmp_path / f"{index}.mp3").touch()
    (tmp_path / "1st").mkdir()
    with pytest.raises(
        UserError, match=r"holds 0.mp3, 1.mp3, 1st/, 2.mp3, 3.mp3 and 3 more, but no pictures and no IDX"
    ):
        load(tmp_path)


def test_an_unknown_suffix_is_refused(tmp_path):
    (tmp_path / "table.csv").write_text("1,2")
    with pytest.raises(UserError, match=r"table.csv is no file that can be read as data; accepted are"):
        load(tmp_path / "table.csv")


def test_fingerprints_notice_every_change():
    data = load({"x": grey(), "y": np.arange(20)})
    assert fingerprint(data) == fingerprint(load({"x": grey(), "y": np.arange(20)}))
    assert len(fingerprint(data)) == 64
    test = data.test
    pixel = test.array.copy()
    pixel[-1, 0, -1, -1] ^= 1
    assert test.labels is not None
    changed = [
        replace(data, test=Split(pixel, test.labels)),
        replace(data, test=Split(test.values, test.labels + 1)),
        replace(data, test=Split(test.values)),
        replace(data, test=replace(test, attributes=np.zeros((len(test), 2), np.uint8))),
        replace(data, test=replace(test, attributes=np.ones((len(test), 2), np.uint8))),
        replace(data, test=data.validation, validation=data.test),
        replace(data, train=Split(data.train.values[::-1], data.train.labels)),
        replace(data, stored_levels=255, levels=255),
        replace(data, levels=2, binarise="dynamic"),
        load(grey().reshape(20, 30)),
        load(grey() / 255),
    ]
    prints = {fingerprint(item) for item in [data, *changed]}
    assert len(prints) == len(changed) + 1


def test_a_fingerprint_ignores_the_name_and_the_layout_in_memory():
    data = load(grey())
    test = Split(np.asfortranarray(data.test.values))
    assert fingerprint(replace(data, name="other", test=test)) == fingerprint(data)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared data are not at {SHARED}")
def test_shared_mnist_and_tables():
    data = load(SHARED / "mnist", binarise="dynamic")
    assert (data.name, data.spec.levels) == ("mnist", 2)
    assert 0.08 < data.spec.variance < 0.12
    table = load(SHARED / "tabular" / "30_satellite.npz")
    assert (table.spec.shape, table.levels) == ((36,), 256)
    table = load(SHARED / "tabular" / "6_cardio.npz")
    assert (table.spec.shape, table.levels) == ((21,), None)
    assert table.test.labels is not None
