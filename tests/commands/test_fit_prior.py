"""Every command after a prior of each kind was fitted by the command line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize("kind", ["vamp", "flow_matching", "two_stage"])
def test_every_command_takes_a_run_with_a_trained_prior(
    kind: str, trained: Path, tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaekit.diagnosis.checks.posterior.SAMPLES", 10)
    monkeypatch.setattr("vaekit.diagnosis.checks.holes.SAMPLES", 200)
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    fitted = vaekit("fit-prior", run, "--prior", kind, "--epochs", 10)
    assert fitted.code == 0, fitted.error
    assert "per validation example over N(0, I)" in fitted.out
    kept = "standard normal" not in fitted.out
    bounded = kind == "two_stage" and kept
    assert ("this model has no evidence to report now" in fitted.out) == bounded
    assert f"prior: {kind}" in (run / "config.yaml").read_text()
    png = tmp_path / "sheet.png"
    for arguments in (
        ("sample", run, "-n", 4, "-o", png),
        ("sample", run, "-n", 4, "--draw", "-o", png),
        ("sample", run, "-n", 4, "--temperature", 0.7, "-o", png),
        ("traverse", run, "-o", png),
        ("interpolate", run, 0, 1, "--steps", 3, "-o", png),
        ("encode", run, "digits", "-o", tmp_path / "codes.npz"),
        ("evaluate", run, "--importance_samples", 2),
        ("diagnose", run),
    ):
        outcome = vaekit(*arguments)
        if kind == "vamp" and kept and "--temperature" in arguments:
            assert outcome.code == 2
            assert "temperature of a DiagonalMixture is not defined" in outcome.error
            continue
        assert outcome.code == 0, (arguments, outcome.error)
        if arguments[0] == "evaluate":
            assert ("nats" in outcome.out.replace("no nats", "")) != bounded
