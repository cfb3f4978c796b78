"""What long runs need, through the public door: SIGTERM, patience, sheets, TensorBoard."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import in_its_own_process, wait_for
from vaekit import api
from vaekit.training.files import read_tensors

QUICK = ["--hidden", "16", "--latents", 2, "--batch_size", 64]


def test_a_terminated_run_is_saved_and_resume_ends_alike(tmp_path: Path) -> None:
    options: dict[str, Any] = {"latents": 2, "epochs": 80, "batch_size": 256, "ema": 0.99, "sheets": 0}
    cut = tmp_path / "cut"
    typed = [word for name, value in options.items() for word in (f"--{name}", value)]
    process = in_its_own_process(
        "train", "digits", *typed, "--hidden", 16, "--prior", "standard", "--out", cut
    )
    wait_for(cut / "checkpoints" / "last.safetensors", process)
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.fail("the run ended before the signal arrived: make it longer")
    assert process.returncode == 130, error
    assert f"stopped and saved; to go on: vaekit train --resume {cut}" in out
    assert "Traceback" not in error
    api.resume(cut, quiet=True)
    # Neither is measured or drawn, which would take longer than the training.
    api.train("digits", **options, hidden=(16,), prior="standard", out=tmp_path / "whole", quiet=True)
    for name in ("model.safetensors", "checkpoints/last.safetensors"):
        whole, _ = read_tensors(tmp_path / "whole" / name)
        same, _ = read_tensors(cut / name)
        assert whole.keys() == same.keys()
        assert all(whole[key].equal(same[key]) for key in whole)


def test_a_termination_before_the_first_step_is_an_interrupt(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is there yet to go on with; the exit code is that of Ctrl-C all the same."""

    def terminated(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("vaekit.training.trial.measure", terminated)
    outcome = vaekit("train", "digits", *QUICK, "--out", tmp_path / "run")
    assert outcome.code == 130
    assert not (tmp_path / "run").exists()


def test_a_second_signal_still_says_how_to_go_on(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vaekit.training.loop import Trainer

    validated = Trainer.validation_figures

    def impatient(trainer: Trainer) -> dict[str, float]:
        if (run / "config.yaml").is_file():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        return validated(trainer)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "validation_figures", impatient)
        outcome = vaekit("train", "digits", *QUICK, "--epochs", 1, "--out", run)
    assert outcome.code == 130
    assert f"stopped at once; to go on from the last checkpoint: vaekit train --resume {run}" in outcome.out
    assert vaekit("train", "--resume", run).code == 0


def test_a_run_with_everything_on(tmp_path: Path, vaekit: Callable) -> None:
    pytest.importorskip("tensorboard")
    run = tmp_path / "run"
    outcome = vaekit(
        "train",
        "digits",
        *QUICK,
        *(
            "--prior",
            "standard",
            "--epochs",
            40,
            "--ema",
            "0.9",
            "--lr",
            "0.1",
            "--decay",
            "linear",
            "--lr_warmup",
            "0.1",
        ),
        *("--patience", 3, "--tensorboard", "true", "--sheets", 2, "--out", run),
    )
    assert outcome.code == 0, outcome.error
    assert "stopped early at epoch" in outcome.out
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert [config[name] for name in ("epochs", "ema", "patience", "tensorboard", "sheets")] == [
        40,
        0.9,
        3,
        True,
        2,
    ]
    names = {path.name for path in (run / "figures" / "epochs").iterdir()}
    assert {"samples-0002.png", "reconstructions-0002.png", "samples-0004.png"} <= names
    assert "samples-0001.png" not in names
    assert list((run / "tensorboard").iterdir())
    assert not [path for path in run.rglob("*") if path.name.endswith(".tmp")]
    again = vaekit("train", "--resume", run)
    assert again.code == 0, again.error
    assert "is finished: it stopped early at epoch" in again.out


def test_tensorboard_is_missed_before_training(
    tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    outcome = vaekit("train", "digits", *QUICK, "--tensorboard", "true", "--out", tmp_path / "run")
    assert outcome.code == 2
    assert 'pip install "vaekit[tensorboard]"' in outcome.error
    assert outcome.error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--ema", "1", "--ema must be at least 0 and less than 1"),
        ("--ema", "a", "--ema cannot be 'a': expected a number"),
        ("--patience", "0", "--patience must be positive"),
        ("--patience", "0.5", "--patience cannot be '0.5': expected a whole number"),
        ("--lr_warmup", "2", "--lr_warmup is a fraction of training"),
        ("--sheets", "-1", "--sheets must be at least 0"),
        ("--decay", "cosin", "--decay cannot be 'cosin': expected one of none, cosine"),
    ],
)
def test_a_mistake_is_one_sentence(option: str, value: str, sentence: str, vaekit: Callable) -> None:
    outcome = vaekit("train", "digits", option, value)
    assert outcome.code == 2
    assert sentence in outcome.error
    assert outcome.error.count("\n") == 1
