"""A run goes on after its data have moved: the command names the new place, the fingerprint guards it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.support import refused


@pytest.fixture
def run(tmp_path: Path, vaekit: Callable) -> Path:
    """Of x.npy, which lies in moved/ now."""
    values = np.random.default_rng(0).integers(0, 17, (60, 4, 4)).astype(np.uint8)
    np.save(tmp_path / "x.npy", values)
    np.save(tmp_path / "other.npy", 16 - values)
    words = ["--levels", 17, "--latents", 2, "--hidden", 4, "--epochs", 1, "--batch_size", 16, "--sheets", 0]
    outcome = vaekit("train", tmp_path / "x.npy", *words, "--prior", "standard", "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.error
    (tmp_path / "moved").mkdir()
    (tmp_path / "x.npy").rename(tmp_path / "moved" / "x.npy")
    return tmp_path / "run"


def test_data_that_have_moved_are_named_beside_resume(
    run: Path, tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (run / "config.yaml").read_text()
    (run / "model.safetensors").unlink()
    gone = vaekit("train", "--resume", run)
    refused(gone, f"no data at {tmp_path / 'x.npy'} any more", f"train PLACE --resume {run}")
    refused(vaekit("train", tmp_path / "other.npy", "--resume", run), "the data are not those that")
    refused(vaekit("train", "--resume", run, "--lr", 0.1, tmp_path / "moved"), "leave out --lr")
    assert (run / "config.yaml").read_text() == before

    monkeypatch.chdir(tmp_path)
    outcome = vaekit("train", "moved/x.npy", "--resume", run)
    assert outcome.code == 0, outcome.error
    expected = {**yaml.safe_load(before), "data": str(tmp_path / "moved" / "x.npy")}
    assert yaml.safe_load((run / "config.yaml").read_text()) == expected
    assert vaekit("train", "--resume", run).code == 0
