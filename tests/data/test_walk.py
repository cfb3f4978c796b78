import os
from pathlib import Path

import pytest

from vaekit.data.walk import is_pictures, sources_in, walk


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_files_are_sorted_and_hidden_folders_passed_over(tmp_path: Path) -> None:
    made(
        tmp_path, "b/2.png", "b/10.png", "a.png", ".hidden/1.png", "__MACOSX/1.png", ".DS_Store", "c/d/e.txt"
    )
    assert [file.name for file in walk(tmp_path)] == [
        ".DS_Store",
        "a.png",
        "b/10.png",
        "b/2.png",
        "c/d/e.txt",
    ]


def test_links_are_followed_but_never_in_circles(tmp_path: Path) -> None:
    made(tmp_path / "in", "a/1.png")
    made(tmp_path / "out", "2.png")
    (tmp_path / "in" / "a" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "other").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "itself.png").symlink_to("itself.png")
    found = {file.name: file.size for file in walk(tmp_path / "in")}
    assert found == {"a/1.png": 1, "gone.png": -1, "itself.png": -1, "other/2.png": 1}


@pytest.mark.parametrize("inside", ["checkpoints/last.safetensors", "model.safetensors"])
def test_runs_are_no_data_unless_they_are_named(inside: str, tmp_path: Path) -> None:
    run = [f"runs/x-001/{name}" for name in ("config.yaml", inside, "figures/samples.png")]
    made(tmp_path, "1.png", "photos/config.yaml", "photos/2.png", *run)
    assert [file.name for file in walk(tmp_path)] == ["1.png", "photos/2.png", "photos/config.yaml"]
    assert "figures/samples.png" in [file.name for file in walk(tmp_path / "runs" / "x-001")]


def test_packs_are_no_data_but_other_descriptions_are_nothing_special(tmp_path: Path) -> None:
    made(tmp_path, "1.png", "a/pack.json", "a/2.png", "b/pack.json", "b/values.npy", "b/contact-sheet.png")
    made(tmp_path, "c/pack.json", "c/values-00000-of-00002.npy", "c/3.png", "d/pack.json", "d/4.png")
    (tmp_path / "d" / "pack.json").write_text('{"format": "vaekit pack"}')
    assert [file.name for file in walk(tmp_path)] == ["1.png", "a/2.png", "a/pack.json"]
    assert [is_pictures(str(tmp_path / name)) for name in ("", *"abcd")] == [True, True, False, False, False]


def test_only_regular_files_are_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert list(walk(tmp_path)) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.txt", "deep/er/b.JPEG"], True),
        (["a.jfif"], True),
        (["a.txt", ".b.jpg"], False),
        (["train-images-idx3-ubyte.gz", "preview.png"], False),
        (["raw/train-images-idx3-ubyte", "preview.png"], False),
        (["train-images.png"], True),
    ],
)
def test_what_is_a_folder_of_pictures(names: list[str], expected: bool, tmp_path: Path) -> None:
    assert is_pictures(str(made(tmp_path, *names))) is expected


def test_several_sources_are_pictures_only_together(tmp_path: Path) -> None:
    made(tmp_path, "a/1.png", "b/2.png", "c/3.txt", "x + y/4.png")
    assert is_pictures(f"{tmp_path / 'a'} + {tmp_path / 'b'}")
    assert not is_pictures(f"{tmp_path / 'a'} + {tmp_path / 'c'}")
    assert not is_pictures(f"{tmp_path / 'a'} + digits")
    assert is_pictures(str(tmp_path / "x + y"))
    assert sources_in(str(tmp_path / "x + y")) == [str(tmp_path / "x + y")]
    assert not is_pictures(str(tmp_path / "a" / "1.png"))
    assert not is_pictures("x" * 5000)
