"""Which sources the package `datasets` reads, told without it."""

import os
import sys
from pathlib import Path

import pytest

from vaekit.cli import main
from vaekit.data.parquet import find_parquet, is_hosted, is_saved
from vaekit.errors import UserError


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.parquet"], True),
        (["data/train-00000-of-00001.parquet", "README.md", "logo.png"], True),
        (["train/0000.PARQUET", "logo.png"], True),
        (["1.png", "labels.parquet"], False),
        (["1.png", "train/metadata.parquet"], False),
        (["a.txt", ".cache/train.parquet", "__MACOSX/train.parquet", ".train.parquet"], False),
        (["dataset_dict.json"], True),
        (["dataset_info.json", "state.json"], True),
        (["state.json"], False),
        ([], False),
    ],
)
def test_what_a_folder_is_about(names: list[str], expected: bool, tmp_path: Path) -> None:
    assert is_hosted(str(made(tmp_path, *names))) is expected


def test_files_and_names(tmp_path: Path) -> None:
    made(tmp_path, "a.parquet", "b.npz")
    assert is_hosted(str(tmp_path / "a.parquet"))
    assert is_hosted("hf:a/b:c")
    assert not is_hosted(str(tmp_path / "b.npz"))
    assert not is_hosted(str(tmp_path / "c.parquet"))
    assert not is_hosted("x" * 5000)
    assert not is_saved(tmp_path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b.parquet", "a.parquet"], {"train": ["a.parquet", "b.parquet"]}),
        (
            ["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet", "data/dev-0.parquet"],
            {
                "train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
                "validation": ["data/dev-0.parquet"],
            },
        ),
        (
            ["default/train/0000.parquet", "default/valid/0000.parquet", "default/partial-test/0000.parquet"],
            {
                "train": ["default/train/0000.parquet"],
                "validation": ["default/valid/0000.parquet"],
                "test": ["default/partial-test/0000.parquet"],
            },
        ),
        (["x.parquet", "x_test.parquet"], {"train": ["x.parquet"], "test": ["x_test.parquet"]}),
    ],
)
def test_names_tell_the_parts(names: list[str], expected: dict[str, list[str]], tmp_path: Path) -> None:
    files = find_parquet(made(tmp_path, *names))
    assert {part: [file.name for file in held] for part, held in files.parts.items()} == expected
    assert files.notes == ()


def test_what_belongs_nowhere_is_left_out_and_named(tmp_path: Path) -> None:
    files = find_parquet(made(tmp_path, "train.parquet", "extra.parquet", "README.md"))
    assert [file.name for file in files.parts["train"]] == ["train.parquet"]
    assert files.notes == (
        "no Parquet, and left out: README.md",
        "called neither train, validation nor test, and left out: extra.parquet",
    )


def test_a_file_is_train_whatever_its_name(tmp_path: Path) -> None:
    path = made(tmp_path, "test.parquet") / "test.parquet"
    (file,) = find_parquet(path).parts["train"]
    assert (file.path, file.size, file.modified) == (path, 1, os.stat(path).st_mtime_ns)


def test_without_train_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds Parquet files of test, but none of train"):
        find_parquet(made(tmp_path, "test.parquet"))


@pytest.mark.parametrize("package", ["datasets", "pyarrow"])
def test_an_absent_package_is_one_sentence(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("vaekit.data.hosted", "vaekit.data.columns"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    path = made(tmp_path, "a.parquet") / "a.parquet"
    assert main(["train", str(path), "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == (
        f"vaekit: {path} is read by the package datasets, which is not installed: "
        'pip install "vaekit[datasets]"\n'
    )
