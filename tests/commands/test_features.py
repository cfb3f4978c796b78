"""vaekit features: one file that says what it is, or one sentence that says what is wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support import refused
from vaekit.data import load
from vaekit.features import fit, open_space


def test_a_space_is_trained_described_and_opened(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in ("001", "002"):
        done = vaekit("features", "digits", "--epochs", 1)
        assert done.code == 0, done.error
        path = Path("features") / f"digits-classifier-{number}.safetensors"
        space = open_space(str(path), load("digits").spec)
        assert space.describe() in done.out
        assert f"--features {path}" in done.out
        assert "accuracy" in done.out
    assert len(list(Path("features").iterdir())) == 2


def test_data_without_labels(tmp_path: Path, vaekit: Callable) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "grey.npy", rng.integers(0, 4, (60, 9, 9)).astype(np.uint8))
    out = tmp_path / "deep" / "f.safetensors"
    done = vaekit("features", tmp_path / "grey.npy", "--levels", 4, "--epochs", 1, "--out", out)
    assert done.code == 0, done.error
    assert "contrastive of grey" in done.out
    assert "retrieval" in done.out
    before = out.read_bytes()
    refused(vaekit("features", tmp_path / "grey.npy", "--out", out), "exists already")
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digits", "--kind", "clasifier"], ["did you mean classifier?"]),
        (["digits", "--epochs", "0"], ["epochs"]),
        (["digits", "--batch_size", "1"], ["batch_size"]),
        (["digits", "--lr", "nan"], ["lr"]),
        (["digits", "--seed", "-1"], ["seed"]),
        (["digits", "--device", "gpux"], ["gpux"]),
        (["digits", "--out", "f.pt"], [".safetensors"]),
        (["digitz"], ["digits"]),
        (["digits", "--image_size", "9"], ["image_size"]),
        (["digits", "--epocs", "1"], ["--epochs"]),
        ([], ["data"]),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(
    arguments: list[str], words: list[str], tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(vaekit("features", *arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = 0

    def stop(done: float) -> float:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise KeyboardInterrupt
        return 0.1

    monkeypatch.setattr(fit, "rate_at", stop)
    done = vaekit("features", "digits", "--epochs", 1)
    assert (done.code, steps) == (130, 5)
    assert "nothing was written" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["digits", "--epochs", "0"], ["digits", "--out", "f.pt"]])
def test_help_and_mistakes_do_not_import_torch(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom vaekit.cli import main\n"
        f"try:\n    main(['features', *{arguments!r}])\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
