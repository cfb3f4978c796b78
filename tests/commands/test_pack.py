"""vaekit pack as people meet it: made, gone on with, refused; and every command takes what it made."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.support import in_its_own_process, refused

TINY = ("--size", "tiny", "--latents", 2, "--epochs", 1)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(folder: Path, discs: Callable[..., np.ndarray], count: int = 30) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, values in enumerate(discs(count, 20, 16, 3)):
        Image.fromarray(values).save(folder / f"{number:06}.png")
    return folder


def test_from_pictures_to_a_pack_to_a_model(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable
) -> None:
    folder, pack, run = drawn(tmp_path / "discs", pictures), tmp_path / "pack", tmp_path / "run"
    (folder / "bad.png").write_text("no picture")
    made = vaekit("pack", folder, "-o", pack, "--image_size", 16, 16)
    assert made.code == 0, made.error
    assert "1 of 31 pictures cannot be read and are left out: bad.png" in made.out
    assert "24 train, 3 validation, 3 test examples of 3×16×16, 256 levels" in made.out
    assert made.out.endswith(f"next: vaekit train {pack}\n")
    again = vaekit("pack", folder, "-o", pack, "--image_size", "16,16")
    assert (again.code, "is up to date" in again.out) == (0, True)
    shutil.rmtree(folder)  # training needs the pack alone
    trained = vaekit("train", pack, "--out", run, *TINY)
    assert trained.code == 0, trained.error
    assert "discs: 24 train, 3 validation, 3 test examples of 3×16×16" in trained.out
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert [config[name] for name in ("data", "recipe", "crop", "image_size", "flip")] == [
        str(pack),
        "photo_vae",
        "square",
        [16, 16],
        True,
    ]
    assert not cache.exists()
    assert "bad.png" in (run / "unreadable.csv").read_text()
    for words in (
        ["train", "--resume", run],
        ["evaluate", run, pack, "--importance_samples", 2],
        ["encode", run, pack, "-o", tmp_path / "codes.npz"],
    ):
        done = vaekit(*words)
        assert done.code == 0, done.error
    with np.load(tmp_path / "codes.npz") as codes:
        assert sorted(codes["file"]) == [f"{number:06}.png" for number in range(30)]
    refused(
        vaekit("train", pack, "--crop", 9, "--out", tmp_path / "no"), "--crop", "folders of pictures", "pack"
    )
    refused(vaekit("train", pack, "digits", "--out", tmp_path / "no"), "together")


def test_arrays_and_several_folders(tmp_path: Path, vaekit: Callable, pictures: Callable) -> None:
    a, b = drawn(tmp_path / "a", pictures, 10), drawn(tmp_path / "b", pictures, 12)
    assert vaekit("pack", a, b, "-o", tmp_path / "both", "--shards", 2, "--split.test", 0.2).code == 0
    assert len(list((tmp_path / "both").glob("values-*-of-00002.npy"))) == 2
    assert vaekit("pack", "digits", "-o", tmp_path / "digits").code == 0
    trained = vaekit(
        "train",
        tmp_path / "digits",
        "--latents",
        2,
        "--hidden",
        "8",
        "--epochs",
        1,
        "--out",
        tmp_path / "run",
    )
    assert trained.code == 0, trained.error
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["recipe"] == "vae"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["FOLDER"], ["output"]),
        (["FOLDER", "-o", "FOLDER"], ["no pack", "-o"]),
        (["FOLDER", "-o", "pack", "--shards", "0"], ["--shards", "at least 1"]),
        (["FOLDER", "-o", "pack", "--shards", "x"], ["--shards", "whole number"]),
        (["FOLDER", "-o", "pack", "--sharks", "2"], ["did you mean --shards?"]),
        (["FOLDER", "-o", "pack", "--crop", "100"], ["16×20", "100×100", "--crop"]),
        (["FOLDER", "-o", "pack", "--crop", "squar"], ["did you mean square?"]),
        (["FOLDER", "-o", "pack", "--levels", "3"], ["256"]),
        (["FOLDER", "-o", "pack", "--split.test", "2"], ["test fraction"]),
        (["FOLDER", "digits", "-o", "pack"], ["together", "digits"]),
        (["nowhere", "-o", "pack"], ["nowhere"]),
        (["digits", "-o", "pack", "--image_size", "8"], ["--image_size", "folders of pictures"]),
        (["digits", "-o", "pack", "--unreadable", "0.5"], ["--unreadable", "folders of pictures"]),
        (["FOLDER", "-o", "pack", "--shards", "5"], ["--shards 5", "give fewer"]),
        (["digits", "-o", "FILE"], ["is a file"]),
        (["digits", "-o", "FILE/pack"], ["cannot write"]),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str],
    words: list[str],
    tmp_path: Path,
    vaekit: Callable,
    pictures: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn(tmp_path / "FOLDER", pictures, 5)
    (tmp_path / "FILE").touch()
    refused(vaekit("pack", *arguments), *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["FILE", "FOLDER"]
    assert len(list((tmp_path / "FOLDER").iterdir())) == 5


def test_a_source_that_shrank_and_a_full_disk(
    tmp_path: Path, vaekit: Callable, pictures: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, pack = drawn(tmp_path / "discs", pictures), tmp_path / "pack"
    assert vaekit("pack", folder, "-o", pack).code == 0
    before = (pack / "values.npy").read_bytes()
    (folder / "000003.png").unlink()
    refused(vaekit("pack", folder, "-o", pack), "29", "30", "1 gone", "--replace")
    (folder / "000003.png").write_bytes((folder / "000004.png").read_bytes())
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1234))
    refused(vaekit("pack", folder, "-o", pack), f"{128 + 30 * 960:,}", "1,234")
    monkeypatch.undo()
    assert (pack / "values.npy").read_bytes() == before
    assert vaekit("pack", folder, "-o", pack).code == 0
    assert (pack / "values.npy").read_bytes() != before
    (folder / "000003.png").unlink()
    assert vaekit("pack", folder, "-o", pack, "--replace").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_stopped_goes_on(number: signal.Signals, tmp_path: Path, pictures: Callable) -> None:
    folder, pack = drawn(tmp_path / "discs", pictures), tmp_path / "pack"
    source = (
        "import os, signal, sys; from vaekit.data import decoding; from vaekit.data.packs import building\n"
        "from vaekit.cli import main\n"
        "building.SECONDS_BETWEEN_ENTRIES = 0.0; decoding._MOST_TOGETHER = 4; decoding.cores = lambda: 1\n"
        "append = building.Build.append\n"
        "def stopping(self, *given):\n"
        "    append(self, *given)\n"
        f"    if self.done >= 12: os.kill(os.getpid(), {int(number)})\n"
        "building.Build.append = stopping\n"
        f"sys.exit(main(['pack', {str(folder)!r}, '-o', {str(pack)!r}]))"
    )
    stopped = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    if number == signal.SIGINT:
        assert stopped.returncode == 130
        assert f"to go on: vaekit pack {folder} -o {pack}" in stopped.stdout
    else:
        assert stopped.returncode == -signal.SIGKILL
    assert not pack.exists()
    process = in_its_own_process("pack", folder, "-o", pack)
    out, error = process.communicate()
    assert process.returncode == 0, error
    assert "going on after 12 pictures" in out
    assert len(np.load(pack / "values.npy")) == 30


@pytest.mark.parametrize("command", ["pack", "data"])
def test_torch_is_not_imported(command: str, tmp_path: Path, pictures: Callable) -> None:
    folder = drawn(tmp_path / "discs", pictures, 5)
    rest = ["-o", str(tmp_path / ("out" if command == "pack" else "sheet.png"))]
    program = (
        f"import sys; from vaekit.cli import main; code = main({[command, str(folder), *rest]!r})\n"
        "print(code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 False\n")


def test_a_pack_in_the_current_folder(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert vaekit("pack", "digits", "-o", ".").code == 0
    assert (tmp_path / "here" / "pack.json").is_file()
    monkeypatch.chdir(tmp_path / "here")
    made = vaekit("pack", "digits", "-o", ".", "--shards", 2)
    assert (made.code, f"next: vaekit train {tmp_path / 'here'}" in made.out) == (0, True), made.error
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]
