"""Wrong input: one clear sentence, exit code 2, no traceback, nothing lost."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support import refused
from vaekit.cli import COMMANDS, main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian", "digits"], ["did you mean train?"]),
        (["train"], ["which data"]),
        (["train", "digits", "--betta", "3"], ["--betta", "did you mean --beta?"]),
        (["train", "digits", "--recipe", "beta_vea"], ["did you mean beta_vae?"]),
        (["train", "digits", "--recipe", "iwae", "--beta", "3"], ["--beta"]),
        (["train", "digits", "--net", "cnov"], ["did you mean conv?"]),
        (["train", "digits", "--epochs", "-3"], ["epochs", "positive"]),
        (["train", "digits", "--epochs", "0"], ["epochs", "positive"]),
        (["train", "digits", "--epochs", "two"], ["epochs", "whole number"]),
        (["train", "digits", "--epochs", "1.5"], ["epochs", "whole number"]),
        (["train", "digits", "--minutes", "1", "--epochs", "3"], ["either", "not both"]),
        (["train", "digits", "--minutes", "nan"], ["minutes"]),
        (["train", "digits", "--batch_size", "0"], ["batch_size"]),
        (["train", "digits", "--lr", "-1"], ["lr"]),
        (["train", "digits", "--lr", "inf"], ["lr"]),
        (["train", "digits", "--hidden", "20,x"], ["hidden", "200,200"]),
        (["train", "digits", "--hidden", "0"], ["hidden"]),
        (["train", "digits", "--latents", "0"], ["latent"]),
        (["train", "digits", "--sigma", "wide"], ["sigma", "solved"]),
        (["train", "digits", "--sigma", "-1"], ["sigma"]),
        (["train", "digits", "--warmup", "2"], ["warm-up"]),
        (["train", "digits", "--beta", "-1"], ["beta"]),
        (["train", "digits", "--split.test", "2"], ["test fraction"]),
        (["train", "digits", "--split.tset", "0.2"], ["--split.tset", "did you mean --split.test?"]),
        (["train", "digits", "--device", "gpux"], ["gpux"]),
        (["train", "digits", "--likelihood", "bernoulli"], ["17", "--binarise"]),
        (["train", "digits", "--levels", "256"], ["17"]),
        (["train", "digits", "--config", "nope.yaml"], ["nope.yaml"]),
        (["train", "digits", "--posterior", "full_covariance", "--free_bits", "1"], ["free bits"]),
        (["train", "digits", "extra"], ["extra"]),
        (["train", "digitz"], ["digitz", "digits"]),
        (["train", "nowhere.npy"], ["nowhere.npy"]),
        (["train", "--resume", "nowhere"], ["nowhere", "not a run folder"]),
        (["sample"], ["run"]),
        (["sample", "nowhere"], ["nowhere"]),
        (["train", "--resume", "nowhere", "--epochs", "3"], ["--resume", "--epochs"]),
        (["train", "digits", "--resume", "nowhere"], ["nowhere", "not a run folder"]),
        (["train", "digits", "--seed", str(2**64)], ["seed"]),
        (["train", "digits", "--recipe", "ppca", "--latents", "100", "--out", "run"], ["100", "1 and 63"]),
        (["verify", "C99"], ["C99"]),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(
    arguments: list[str], words: list[str], tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(vaekit(*arguments), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample", "RUN", "-n", "0"], ["-n"]),
        (["sample", "RUN", "--temperature", "0"], ["temperature"]),
        (["sample", "RUN", "-o", "picture.txt"], [".png"]),
        (["reconstruct", "RUN", "180"], ["180", "0 to 179"]),
        (["reconstruct", "RUN", "-1"], ["-1"]),
        (["reconstruct", "RUN", "nowhere.png"], ["nowhere.png"]),
        (["reconstruct", "RUN", "--split", "tset"], ["did you mean", "test"]),
        (["interpolate", "RUN", "0", "1", "--steps", "1"], ["--steps"]),
        (["encode", "RUN", "digits", "-o", "codes.csv"], [".npz"]),
        (["encode", "RUN", "digits"], ["output"]),
        (["evaluate", "RUN", "--importance_samples", "0"], ["importance_samples"]),
        (["evaluate", "RUN", "--split", "tests"], ["tests"]),
        (["fit-prior", "RUN", "--seed", "-1"], ["seed"]),
        (["evaluate", "RUN", "--device", "gpu0"], ["gpu0"]),
        (["fit-prior", "RUN", "--prior", "gnm"], ["did you mean gmm?"]),
    ],
)
def test_a_mistake_about_a_run_leaves_it_as_it_was(
    arguments: list[str],
    words: list[str],
    trained: Path,
    tmp_path: Path,
    vaekit: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    refused(vaekit(*(str(trained) if word == "RUN" else word for word in arguments)), *words)
    assert before == {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    assert list(tmp_path.iterdir()) == []


def test_an_existing_run_folder_is_refused_and_kept(trained: Path, vaekit: Callable) -> None:
    before = (trained / "model.safetensors").read_bytes()
    refused(vaekit("train", "digits", "--epochs", 1, "--out", trained), "exists already", "--resume")
    assert (trained / "model.safetensors").read_bytes() == before


ARRAYS = {
    "nan": (np.full((20, 8, 8), np.nan, np.float32), ["NaN"]),
    "range": (np.full((20, 8, 8), 200.0, np.float32), ["255"]),
    "empty": (np.zeros((0, 8, 8), np.uint8), ["empty"]),
    "two": (np.zeros((2, 8, 8), np.uint8), []),
    "same": (np.full((40, 8, 8), 7, np.uint8), ["same"]),
    "words": (np.array(["a", "b", "c", "d"]), []),
    "flat": (np.arange(40, dtype=np.uint8), []),
    "wide": (np.zeros((20, 2, 8, 8, 8), np.uint8), []),
    "negative": (np.full((20, 8, 8), -5, np.int64), []),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_wrong_arrays_are_named(name: str, tmp_path: Path, vaekit: Callable) -> None:
    values, words = ARRAYS[name]
    path, run = tmp_path / f"{name}.npy", tmp_path / "run"
    np.save(path, values)
    outcome = vaekit("train", path, "--epochs", 1, "--out", run)
    refused(outcome, *words)
    assert not run.exists()


@pytest.mark.parametrize("shape", [(20, 4, 4), (20, 7, 30)])
def test_a_size_the_network_cannot_take_says_what_can(
    shape: tuple[int, ...], tmp_path: Path, vaekit: Callable
) -> None:
    path = tmp_path / "small.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    refused(vaekit("train", path, "--net", "conv", "--out", tmp_path / "run"), "8", "mlp")


@pytest.mark.parametrize("damage", ["cut", "zeros", "text", "missing"])
def test_a_damaged_model_file_is_refused(
    damage: str, trained: Path, tmp_path: Path, vaekit: Callable
) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(trained, run)
    model = run / "model.safetensors"
    content = model.read_bytes()
    if damage == "missing":
        model.unlink()
    else:
        middle = len(content) * 3 // 4
        damaged = {
            "cut": content[:-100],
            "zeros": content[:middle]
            + bytes(b ^ 1 for b in content[middle : middle + 8])
            + content[middle + 8 :],
            "text": b"not a model",
        }
        model.write_bytes(damaged[damage])
    refused(vaekit("sample", run))


def test_a_damaged_array_is_refused(tmp_path: Path, vaekit: Callable) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).integers(0, 256, (50, 8, 8)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-300])
    refused(vaekit("train", path, "--out", tmp_path / "run"), "x.npz")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    assert f"vaekit {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["trian"],
        ["train", "digits", "--betta", "1"],
        ["train", "digits", "--epochs", "-1"],
    ],
)
def test_help_and_mistakes_do_not_import_torch(arguments: list[str]) -> None:
    program = f"import sys; from vaekit.cli import main; main({arguments!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate"),
        RuntimeError("can't allocate memory"),
    ],
)
def test_too_little_memory_is_a_sentence(
    error: Exception, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vaekit.commands.recipes as command

    def exhaust(arguments: object) -> int:
        raise error

    monkeypatch.setattr(command, "main", exhaust)
    refused(vaekit("recipes"), "memory", "--batch_size")


def test_another_runtime_error_is_not_hidden(vaekit: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    import vaekit.commands.recipes as command

    def fail(arguments: object) -> int:
        raise RuntimeError("a bug")

    monkeypatch.setattr(command, "main", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        vaekit("recipes")


def test_a_terminal_without_unicode_shows_everything_else() -> None:
    environment = {"PYTHONIOENCODING": "latin-1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "vaekit", "recipes"], capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert b"ppca" in done.stdout


def test_a_reader_that_leaves_is_no_traceback() -> None:
    program = f"{sys.executable} -m vaekit recipes | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; sleep 0; {program}"], capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
