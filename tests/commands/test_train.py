"""vaekit train through the public door: what it writes, and that it goes on exactly."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.support import in_its_own_process, wait_for
from vaekit.training.files import read_tensors

QUICK = ["--hidden", "16", "--latents", 2, "--batch_size", 64]


def test_a_run_folder_holds_what_it_promises(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "config.yaml",
        "model.safetensors",
        "checkpoints",
        "metrics.csv",
        "evaluation.json",
        "diagnosis.json",
        "report.html",
        "figures",
    }
    figures = {path.name for path in (trained / "figures").iterdir()}
    assert {
        "reconstructions.png",
        "samples.png",
        "samples_draws.png",
        "interpolation.png",
        "traversal.png",
        "learning_curves.png",
        "manifold.png",
        "latent_scatter.png",
    } <= figures
    assert not [path for path in trained.rglob("*") if path.name.endswith(".tmp")]


def test_the_end_shows_figures_pictures_and_three_commands(tmp_path: Path, vaekit: Callable) -> None:
    outcome = vaekit("train", "digits", *QUICK, "--epochs", 1, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.error
    head, _, commands = outcome.out.partition("next:\n")
    assert "mass" in head
    assert "density of uniformly dequantised x" in head
    assert "samples.png" in head
    assert "classes 4 and 9 overlap in latent space" in head
    lines = commands.strip().splitlines()
    assert len(lines) == 3
    # The advice is worth something only if the commands exist and run.
    for line in lines:
        words = line.split()
        assert words[0] == "vaekit"
        at = [str(tmp_path / word) if word.endswith(".png") else word for word in words[1:]]
        # The whole gate has its own test.
        answer = vaekit(*at, "C5") if words[1] == "verify" else vaekit(*at)
        assert answer.code == 0, answer.error


def test_config_trains_the_same_model_again(tmp_path: Path, trained: Path, vaekit: Callable) -> None:
    again = tmp_path / "again"
    outcome = vaekit("train", "--config", trained / "config.yaml", "--out", again)
    assert outcome.code == 0, outcome.error
    first, facts = read_tensors(trained / "model.safetensors")
    second, facts_again = read_tensors(again / "model.safetensors")
    assert facts == facts_again
    assert all(first[name].equal(second[name]) for name in first)


def test_an_option_beside_a_config_overrides_it(tmp_path: Path, trained: Path, vaekit: Callable) -> None:
    run = tmp_path / "run"
    outcome = vaekit(
        "train", "--config", trained / "config.yaml", "--latents", 3, "--epochs", 1, "--out", run
    )
    assert outcome.code == 0, outcome.error
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["latents"] == 3
    assert config["hidden"] == [32]


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("mse_vae", ["--net", "conv", "--size", "tiny"]),
        ("beta_vae", ["--beta", "3"]),
        ("iwae", ["--samples", "3"]),
        ("linear_vae", []),
        ("ppca", []),
        ("hierarchical_vae", ["--top_latents", "2"]),
        ("vae", ["--posterior", "full_covariance", "--cycles", "2"]),
        ("vae", ["--binarise", "dynamic", "--free_bits", "0.1"]),
        ("vae", ["--binarise", "fixed"]),
        ("vae", ["--likelihood", "logistic_mixture"]),
        ("vae", ["--likelihood", "continuous_bernoulli", "--clip", "5"]),
        ("vae", ["--sigma", "per_dimension", "--prior", "gaussian"]),
        ("vae", ["--sigma", "0.2", "--decay", "exponential", "--weight_decay", "0.01"]),
    ],
)
def test_every_recipe_and_option_trains(
    recipe: str, options: list[str], tmp_path: Path, vaekit: Callable
) -> None:
    arguments = ["train", "digits", "--recipe", recipe, "--latents", 3, "--epochs", 1, *options]
    outcome = vaekit(*arguments, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.error
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_mse_vae_is_shown_with_what_it_implies(tmp_path: Path, vaekit: Callable) -> None:
    options = ["--net", "mlp", "--size", "tiny", "--epochs", 1, "--latents", 2]
    outcome = vaekit("train", "digits", "--recipe", "mse_vae", *options, "--out", tmp_path / "run")
    # sigma^2 = wD/2 = 0.00025 * 64 / 2
    assert re.search(r"sigma\^2 = wD/2 = 0\.008\b", outcome.out)
    assert "beta = 0.008/s" in outcome.out
    # … and at the end as numbers: beta = sigma^2 / error.
    found = re.search(r"sigma\^2 = 0\.008, fixed.* were ([\d.]+) and beta = ([\d.]+)", outcome.out)
    assert found is not None
    assert float(found[1]) * float(found[2]) == pytest.approx(0.008, rel=1e-3)


def test_minutes_are_turned_into_epochs_that_the_config_keeps(tmp_path: Path, vaekit: Callable) -> None:
    outcome = vaekit("train", "digits", *QUICK, "--minutes", "0.01", "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.error
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["epochs"] >= 1
    assert config["minutes"] is None
    assert "forecast" in outcome.out


def test_ctrl_c_saves_prints_the_command_and_resume_ends_alike(tmp_path: Path, vaekit: Callable) -> None:
    options = [*QUICK, "--epochs", 150, "--out"]
    assert vaekit("train", "digits", *options, tmp_path / "whole").code == 0
    cut = tmp_path / "cut"
    # A process of its own: the interrupt must arrive in the middle of an epoch, wherever that is.
    process = in_its_own_process("train", "digits", *options, cut)
    wait_for(cut / "checkpoints" / "last.safetensors", process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.fail("the run ended before the interrupt arrived: make it longer")
    assert process.returncode == 130, error
    assert f"vaekit train --resume {cut}" in out
    assert "Traceback" not in error
    unfinished = vaekit("sample", cut)
    assert unfinished.code == 2
    assert "--resume" in unfinished.error
    resumed = vaekit("train", "--resume", cut)
    assert resumed.code == 0, resumed.error
    whole, _ = read_tensors(tmp_path / "whole" / "model.safetensors")
    same, _ = read_tensors(cut / "model.safetensors")
    assert all(whole[name].equal(same[name]) for name in whole)
    assert vaekit("train", "--resume", cut).code == 0


def test_runs_are_numbered(tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert vaekit("train", "digits", *QUICK, "--epochs", 1).code == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["digits-vae-001", "digits-vae-002"]


def test_minutes_override_the_epochs_of_a_configuration(
    tmp_path: Path, trained: Path, vaekit: Callable
) -> None:
    run = tmp_path / "run"
    outcome = vaekit("train", "--config", trained / "config.yaml", "--minutes", "0.001", "--out", run)
    assert outcome.code == 0, outcome.error
    assert yaml.safe_load((run / "config.yaml").read_text())["epochs"] >= 1


@pytest.mark.parametrize("moment", ["fitting the prior", "measuring"])
def test_ctrl_c_after_training_still_says_how_to_go_on(
    moment: str, tmp_path: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vaekit.commands import finish
    from vaekit.training import sitting

    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        if moment == "fitting the prior":
            patch.setattr(sitting, "fit_prior", interrupt)
        else:
            patch.setattr(finish, "measure", interrupt)
        outcome = vaekit("train", "digits", *QUICK, "--epochs", 2, "--out", run)
    assert outcome.code == 130
    assert f"vaekit train --resume {run}" in outcome.out
    resumed = vaekit("train", "--resume", run)
    assert resumed.code == 0, resumed.error
    assert (run / "evaluation.json").is_file()


def test_a_large_seed_trains(tmp_path: Path, vaekit: Callable) -> None:
    outcome = vaekit("train", "digits", *QUICK, "--epochs", 1, "--seed", 2**40, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.error


def test_a_run_finds_its_data_from_another_folder(
    tmp_path: Path, vaekit: Callable, pictures: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    np.save("mine.npy", pictures(40, 8, 8))
    assert vaekit("train", "mine.npy", *QUICK, "--epochs", 1, "--out", "run").code == 0
    monkeypatch.chdir(tmp_path / "there")
    answer = vaekit("reconstruct", tmp_path / "here" / "run", "-o", "r.png")
    assert answer.code == 0, answer.error
