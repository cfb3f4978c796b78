"""Parquet files, saved data sets and names of the hub, through the door; the hub itself is never asked."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("datasets", reason="the extra vaekit[datasets] is not installed")

import datasets
import yaml
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value
from datasets.exceptions import DatasetNotFoundError

from vaekit.cli import main
from vaekit.data import PictureOptions, fingerprint, load
from vaekit.data import hosted as module
from vaekit.data.decode import decode
from vaekit.data.sources import absolute, fitting
from vaekit.errors import UserError

PARTS = ("train", "validation", "test")
COUNTS = {"train": 12, "validation": 4, "test": 3}
NAMES = ["cat", "dog"]
Draw = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_bars() -> None:
    """Those of the tests' own writing."""
    datasets.disable_progress_bars()


@pytest.fixture
def folder(tmp_path: Path, cache: Path, draw: Draw) -> Path:
    """Pictures in folders: three parts, two classes in turn, PNG and JPEG."""
    for part, count in COUNTS.items():
        for row in range(count):
            # The classes as the folders are sorted, so that rows come in the same order.
            name = NAMES[row >= count // 2]
            draw(tmp_path / "folder" / part / name / f"{row:02}.{('png', 'jpg')[row % 2]}", row + len(part))
    return tmp_path / "folder"


def held(folder: Path, part: str) -> Dataset:
    """The same pictures as rows."""
    paths = sorted((folder / part).rglob("*.*"))
    return Dataset.from_dict(
        {
            "image": [{"bytes": path.read_bytes(), "path": path.name} for path in paths],
            "label": [NAMES.index(path.parent.name) for path in paths],
        },
        features=Features({"image": Image(), "label": ClassLabel(names=NAMES)}),
    )


def as_hub_folder(folder: Path, place: Path) -> Path:
    (place / "data").mkdir(parents=True)
    for part in PARTS:
        held(folder, part).to_parquet(str(place / "data" / f"{part}-00000-of-00001.parquet"))
    return place


def as_shards_with_brackets(folder: Path, place: Path) -> Path:
    place = place / "[1] *"
    place.mkdir(parents=True)
    for part in PARTS:
        for shard in range(2):
            rows = held(folder, part).shard(2, shard, contiguous=True)
            rows.to_parquet(str(place / f"{part}-{shard}.parquet"))
    return place


def as_saved_dict(folder: Path, place: Path) -> Path:
    DatasetDict({part: held(folder, part) for part in PARTS}).save_to_disk(place)
    return place


@pytest.mark.parametrize("store", [as_hub_folder, as_shards_with_brackets, as_saved_dict])
def test_the_same_bytes_give_the_same_data(
    store: Callable[[Path, Path], Path], folder: Path, tmp_path: Path
) -> None:
    expected, data = load(folder), load(store(folder, tmp_path / "stored"))
    assert fingerprint(data) == fingerprint(expected)
    assert (data.transform, data.flip, data.levels) == (expected.transform, True, 256)
    assert data.label_names == expected.label_names == ("cat", "dog")
    for part, count in COUNTS.items():
        assert data.split(part).names == tuple(f"{part} row {row}" for row in range(count))
        np.testing.assert_array_equal(data.split(part).values, expected.split(part).values)


def test_a_single_file_is_divided(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pets.parquet"
    held(folder, "train").to_parquet(str(path))
    data = load(path)
    assert data.name == "pets"
    assert [len(data.split(part)) for part in PARTS] == [10, 1, 1]
    rows = held(folder, "train").cast_column("image", Image(decode=False))
    assert data.transform is not None
    for part in PARTS:
        split = data.split(part)
        assert split.labels is not None
        for place, row in enumerate(split.index_in_source):
            (tmp_path / "one").write_bytes(rows[int(row)]["image"]["bytes"])
            np.testing.assert_array_equal(split.values[place], decode(tmp_path / "one", data.transform))
            assert split.labels[place] == rows[int(row)]["label"]


def test_a_saved_data_set_without_parts_is_divided(folder: Path, tmp_path: Path) -> None:
    held(folder, "train").save_to_disk(tmp_path / "saved")
    assert [len(load(tmp_path / "saved").split(part)) for part in PARTS] == [10, 1, 1]


def test_all_that_is_written_lies_in_the_cache(
    folder: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_hub_folder(folder, tmp_path / "hub")
    before = {file for file in tmp_path.rglob("*") if cache not in file.parents}
    first = load(path)
    assert {file for file in tmp_path.rglob("*") if cache not in file.parents} == before | {cache}
    assert (cache / "datasets").is_dir()
    monkeypatch.setattr("vaekit.data.decoding.decode", lambda *_: pytest.fail("decoded again"))
    assert fingerprint(load(path)) == fingerprint(first)


def test_a_changed_file_is_read_anew(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pets.parquet"
    held(folder, "train").to_parquet(str(path))
    before = load(path)
    rows = held(folder, "train")
    rows.select([*range(11), 0]).to_parquet(str(path))
    os.utime(path, ns=(1, 1))
    assert fingerprint(load(path)) != fingerprint(before)


def test_pictures_that_cannot_be_read_are_named_by_row(folder: Path, tmp_path: Path) -> None:
    rows = held(folder, "train").cast_column("image", Image(decode=False)).to_list()
    rows[3]["image"]["bytes"] = rows[3]["image"]["bytes"][:60]
    rows[5]["image"] = None
    features = Features({"image": Image(), "label": ClassLabel(names=NAMES)})
    Dataset.from_list(rows, features=features).to_parquet(str(tmp_path / "pets.parquet"))
    lines: list[str] = []
    data = load(tmp_path / "pets.parquet", pictures=PictureOptions(unreadable=0.5), report=lines.append)
    reasons = dict(data.unreadable)
    assert reasons.keys() == {"train row 3", "train row 5"}
    assert reasons["train row 5"] == "there is no picture in this row"
    assert any(line.startswith("2 of 12 pictures cannot be read and are left out: ") for line in lines)
    with pytest.raises(
        UserError, match=r"pets: 2 of 12 pictures cannot be read, more than --unreadable 0\.1"
    ):
        load(tmp_path / "pets.parquet")


def test_pictures_may_be_files_that_are_only_named(folder: Path, tmp_path: Path) -> None:
    paths = [path.relative_to(folder) for path in sorted((folder / "train").rglob("*.*"))]
    place = folder / "train.parquet"
    rows = Dataset.from_dict({"image": [{"bytes": None, "path": str(path)} for path in [*paths, "gone.png"]]})
    rows.to_parquet(str(place))
    data = load(place)
    assert sum(len(data.split(part)) for part in PARTS) == len(paths)
    assert [path for path, _ in data.unreadable] == [str(folder / "gone.png")]
    # A file that changes is decoded again, though the Parquet file is the same.
    (folder / paths[0]).write_bytes((folder / paths[-1]).read_bytes())
    assert fingerprint(load(place)) != fingerprint(data)


def test_several_sources_of_pictures_go_together(folder: Path, tmp_path: Path) -> None:
    hub = as_hub_folder(folder, tmp_path / "hub")
    data = load(f"{folder} + {hub}")
    assert [len(data.split(part)) for part in PARTS] == [24, 8, 6]
    assert data.label_names == ("cat", "dog")


def answering(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[tuple[object, ...]]:
    """Stand for the hub, and record what it was asked."""
    asked: list[tuple[object, ...]] = []

    def ask(*arguments: object) -> object:
        asked.append(arguments)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(module, "load_dataset", ask)
    return asked


@pytest.mark.parametrize(
    ("source", "asked", "name"),
    [
        ("hf:pets", ("pets", None), "pets"),
        ("hf:me/pets.v2", ("me/pets.v2", None), "pets.v2"),
        ("hf:me/pets:small", ("me/pets", "small"), "pets-small"),
    ],
)
def test_a_hosted_data_set_is_asked_for_by_name(
    source: str, asked: tuple[object, ...], name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"train": "train", "valid": "validation", "test": "test"}
    answer = DatasetDict({own: held(folder, part) for own, part in parts.items()})
    answer["unsupervised"] = held(folder, "test")
    calls, lines = answering(monkeypatch, answer), []
    data = load(source, report=lines.append)
    assert calls == [asked]
    assert data.name == name
    assert fingerprint(data) == fingerprint(load(folder))
    assert any(line.startswith("asking the Hugging Face hub for ") for line in lines)
    assert f"note: {name}: parts left out: unsupervised" in lines


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            ConnectionError("Couldn't reach 'pets' on the Hub"),
            r"Couldn't reach 'pets' on the Hub; check the name",
        ),
        (DatasetNotFoundError("Dataset 'pets' doesn't exist on the Hub."), "doesn't exist on the Hub; check"),
        (
            ValueError("Config name is missing.\nPlease pick one of: ['a']"),
            r"Please pick one of: \['a'\]; check",
        ),
    ],
)
def test_a_hub_that_refuses_is_one_sentence(
    answer: Exception,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(UserError, match=f"^cannot read hf:pets: .*{message}"):
        load("hf:pets")
    assert main(["train", "hf:pets", "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("vaekit: cannot read hf:pets: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("source", ["hf:", "hf:a b", "hf:a/b/c", "hf:a:b:c", "hf:../a/b"])
def test_a_name_that_is_none_is_refused_unasked(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answering(monkeypatch, None)
    with pytest.raises(UserError, match="names no data set: give hf:NAME"):
        load(source)
    assert calls == []


@pytest.mark.parametrize(
    ("name", "message"), [("pets", "a folder pets here"), ("parquet", "is also a format")]
)
def test_the_hub_is_never_taken_for_what_lies_here(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = answering(monkeypatch, None)
    (tmp_path / "pets").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        load(f"hf:{name}")
    assert calls == []


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["test"], "hf:pets holds only test, and there is no train part"),
        (["a", "b"], "hf:pets holds only a, b, and there is no train part"),
        ([], "hf:pets is empty, and there is no train part"),
    ],
)
def test_without_train_there_is_nothing_to_learn_from(
    parts: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, DatasetDict({part: Dataset.from_dict({"a": [1.0, 2.0]}) for part in parts}))
    with pytest.raises(UserError, match=message):
        load("hf:pets")


def test_one_part_under_a_strange_name_is_train(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, DatasetDict({"full": Dataset.from_dict({"a": [1.0, 2.0, 3.0, 4.0]})}))
    assert len(load("hf:numbers").train) == 2


def test_damaged_files_are_one_sentence(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "numbers.parquet"
    Dataset.from_dict({"a": list(range(100))}).to_parquet(str(path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"cannot read .*numbers\.parquet: .*damaged"):
        load(path)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "dataset_dict.json").write_text("[")
    with pytest.raises(UserError, match=r"cannot read .*saved: .*damaged"):
        load(tmp_path / "saved")


def test_files_that_disagree_are_one_sentence(tmp_path: Path, cache: Path) -> None:
    Dataset.from_dict({"a": [1.0, 2.0]}).to_parquet(str(tmp_path / "train.parquet"))
    Dataset.from_dict({"b": ["x"]}).to_parquet(str(tmp_path / "test.parquet"))
    with pytest.raises(UserError, match=r"cannot read .*column names don't match"):
        load(tmp_path)


def test_datasets_says_nothing_and_is_left_as_it_was(
    tmp_path: Path, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Dataset.from_dict({"a": [float(row) for row in range(20)]}).to_parquet(str(tmp_path / "a.parquet"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    datasets.enable_progress_bars()
    level = logging.getLogger("datasets").level
    capfd.readouterr()
    load(tmp_path / "a.parquet")
    with pytest.raises(UserError):
        load(tmp_path / "bad.parquet")
    assert capfd.readouterr() == ("", "")
    assert not datasets.are_progress_bars_disabled()
    assert logging.getLogger("datasets").level == level


def test_a_source_keeps_its_name_and_fits_a_model(folder: Path, tmp_path: Path) -> None:
    hub = as_hub_folder(folder, tmp_path / "hub")
    assert absolute("hf:me/pets:small") == "hf:me/pets:small"
    assert absolute(f"{hub} + hf:pets") == f"{hub.resolve()} + hf:pets"
    assert fitting(hub, (1, 32, 24), PictureOptions()).image_size == (32, 24)
    assert fitting("hf:pets", (3, 16, 16), PictureOptions()).channels == 3
    assert load(hub, pictures=fitting(hub, (1, 16, 16), PictureOptions())).spec.shape == (1, 16, 16)


def test_parquet_is_trained_and_used_through_the_public_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, run = as_hub_folder(folder, tmp_path / "hub"), str(tmp_path / "run")
    small = ["--net", "mlp", "--hidden", "8", "--latents", "2", "--epochs", "1", "--image_size", "16"]
    assert main(["train", str(hub), *small, "--out", run]) == 0
    out, error = capsys.readouterr()
    assert "hub: 12 train, 4 validation, 3 test examples of 3×16×16, 256 levels" in out
    assert error == ""
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["data"] == str(hub.resolve())
    assert main(["encode", run, str(hub), "-o", str(tmp_path / "codes.npz")]) == 0
    with np.load(tmp_path / "codes.npz") as codes:
        assert codes["file"].tolist().count("validation row 3") == 1
        assert np.bincount(codes["label"]).tolist() == [9, 10]
    assert main(["train", str(hub), *small, "--levels", "16", "--out", f"{run}2"]) == 2
    assert "pictures have 256 levels" in capsys.readouterr().err


def test_a_table_is_trained_through_the_public_command(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=40).tolist() for name in "abc"} | {"label": ["x", "y"] * 20}
    features = Features({name: Value("float32") for name in "abc"} | {"label": Value("string")})
    Dataset.from_dict(columns, features=features).to_parquet(str(tmp_path / "table.parquet"))
    small = ["--latents", "2", "--hidden", "8", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main(["train", str(tmp_path / "table.parquet"), *small]) == 0
    out = capsys.readouterr().out
    assert "table: 32 train, 4 validation, 4 test examples of 3, floats" in out
