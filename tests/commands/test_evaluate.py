"""vaekit evaluate: groups of metrics, several runs, going on after Ctrl-C."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

import pytest

from tests.support import refused
from vaekit import api
from vaekit.evaluation import Evaluation

FEW = ("--importance_samples", 5)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy, so that every test finds it as training left it."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def read(run: Path, name: str = "evaluation.json") -> Evaluation:
    return Evaluation.from_json((run / name).read_text())


def groups(evaluation: Evaluation) -> list[str]:
    return list(dict.fromkeys(figure.group for figure in evaluation.figures))


def test_what_is_measured_by_itself(run: Path, vaekit: Callable) -> None:
    answer = vaekit("evaluate", run, *FEW)
    assert answer.code == 0, answer.error
    assert groups(read(run)) == ["bounds", "pictures", "latents"]
    lines = answer.out.splitlines()
    assert [line for line in lines if line in ("bounds:", "pictures:", "latents:")] == [
        "bounds:",
        "pictures:",
        "latents:",
    ]
    assert any("codes that say nothing" in line for line in lines)
    assert lines[-1] == f"written to {run / 'evaluation.json'}"


def test_groups_are_asked_for_by_name_and_those_measured_before_stay_in_the_file(
    run: Path, vaekit: Callable
) -> None:
    assert vaekit("evaluate", run, "--metrics", "latents", "codes", *FEW).code == 0
    found = read(run)
    assert groups(found) == ["bounds", "pictures", "latents"]  # the first two since training
    assert found.importance_samples == 500
    assert "codes: no perplexity" in found.note


def test_a_space_is_named_or_the_samples_are_not_compared(run: Path, vaekit: Callable) -> None:
    without = vaekit("evaluate", run, "--metrics", "samples")
    assert without.code == 0
    assert "vaekit features DATA" in without.out
    assert "distance " not in without.out
    answer = vaekit("evaluate", run, "--metrics", "samples,memorisation", "--features", "pixels")
    assert answer.code == 0, answer.error
    figures = [f for f in read(run).figures if f.group in ("samples", "memorisation")]
    assert len(figures) == 8
    assert all("pixels" in figure.measure and "resize: none" in figure.measure for figure in figures)
    assert not any(figure.name == "FID" for figure in figures)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metrics", "bonds"], ["bonds", "did you mean bounds?"]),
        (["--metrics", "bounds,latent"], ["latent", "did you mean latents?"]),
        (["--features", "lost.safetensors"], ["no feature space lost.safetensors"]),
        (["--seeds", "0"], ["--seeds must be at least 1"]),
        (["--tempratures", "3"], ["did you mean --temperatures?"]),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], words: list[str], run: Path, vaekit: Callable
) -> None:
    refused(vaekit("evaluate", run, *arguments), *words)
    assert not (run / "evaluation").exists()


def test_ctrl_c_keeps_what_was_measured_and_says_how_to_go_on(
    run: Path, vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(shutil.copytree(run, run.parent / "whole"))
    assert vaekit("evaluate", whole, *FEW).code == 0
    module = sys.modules["vaekit.evaluation.suite.bounds"]
    original, calls = module.bounds, list[int]()

    def interrupted(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    monkeypatch.setattr(module, "bounds", interrupted)
    stopped = vaekit("evaluate", run, *FEW)
    assert stopped.code == 130
    assert f"to go on: vaekit evaluate {run} --importance_samples 5" in stopped.out
    calls[:] = [1, 1]  # let it pass from now on
    assert vaekit("evaluate", run, *FEW).code == 0
    assert len(calls) == 3  # two chunks in all: one was kept
    assert read(run).to_json() == read(whole).to_json()
    again = vaekit("evaluate", run, *FEW)
    assert "measured earlier, and the same still: bounds, pictures, latents" in again.out
    assert "measured earlier" not in vaekit("evaluate", run, "--fresh", *FEW).out


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three trainings at beta 1 and one at beta 4, from Python, which draws no pictures."""
    folder = tmp_path_factory.mktemp("seeds")
    options = {"latents": 2, "epochs": 1, "hidden": (8,), "prior": "standard", "quiet": True}
    runs = [folder / name for name in ("run-0", "run-1", "run-2", "high")]
    for run, beta, seed in zip(runs, (1.0, 1.0, 1.0, 4.0), (0, 1, 2, 0), strict=True):
        api.train("digits", "beta_vae", out=run, beta=beta, seed=seed, **options)
    return runs


def test_seeds_are_taken_together_with_students_interval(
    seeds: list[Path], tmp_path: Path, vaekit: Callable
) -> None:
    """Of three: t₂ s/√3, t₂ = 4.302653."""
    target = tmp_path / "all.json"
    answer = vaekit("evaluate", *seeds[:3], "--metrics", "pictures,bounds", "--out", target, *FEW)
    assert answer.code == 0, answer.error
    assert "3 training seeds" in answer.out
    assert "95 % interval of the mean over training seeds" in answer.out
    (family,) = json.loads(target.read_text())["families"]
    values = [read(run).value("-ELBO", "mass") for run in seeds[:3]]
    figure = family["figures"][0]
    assert (figure["name"], figure["measure"], figure["runs"]) == ("-ELBO", "mass", 3)
    assert figure["value"] == pytest.approx(fmean(values), rel=1e-12)
    assert figure["half_width"] == pytest.approx(4.302653 * stdev(values) / 3**0.5, rel=1e-6)
    assert family["runs"] == [str(run) for run in seeds[:3]]


def test_runs_over_beta_have_a_curve(seeds: list[Path], vaekit: Callable) -> None:
    answer = vaekit("evaluate", *seeds, "--metrics", "bounds", *FEW)
    assert answer.code == 0, answer.error
    assert "A  beta_vae beta=1.0  (3 training seeds" in answer.out
    assert "B  beta_vae beta=4.0  (1 training:" in answer.out
    assert "rate-distortion over beta (nats):" in answer.out
    folder = seeds[0].parent
    assert (folder / "evaluation-runs-rate-distortion.png").stat().st_size > 10_000
    curve = json.loads((folder / "evaluation-runs.json").read_text())["rate_distortion"]
    low, high = curve["points"]
    assert (low["beta"], high["beta"]) == (1, 4)
    rates = [read(run).value("rate (KL)") for run in seeds[:3]]
    assert low["rate"] == pytest.approx(fmean(rates), rel=1e-12)
    assert low["rate_error"] == pytest.approx(stdev(rates) / 3**0.5, rel=1e-9)
    assert high["rate_error"] == read(seeds[3]).figure("rate (KL)").standard_error


def test_a_family_without_bounds_has_no_curve(seeds: list[Path], vaekit: Callable) -> None:
    answer = vaekit("evaluate", *seeds, "--metrics", "latents")
    assert answer.code == 0, answer.error
    assert "no rate-distortion curve" in answer.out
    assert "measure the group bounds as well" in answer.out


@pytest.mark.parametrize(("out", "words"), [("all.txt", ".json"), ("nowhere/all.json", "no folder nowhere")])
def test_where_the_figures_of_all_go(out: str, words: str, seeds: list[Path], vaekit: Callable) -> None:
    refused(vaekit("evaluate", *seeds[:2], "--out", out), words)


def test_one_that_is_no_run_is_refused_before_any_is_measured(
    seeds: list[Path], tmp_path: Path, vaekit: Callable
) -> None:
    refused(vaekit("evaluate", *seeds[:2], tmp_path / "lost"), "lost", "not a run folder")


def test_one_that_is_not_finished_is_refused_before_any_is_measured(
    seeds: list[Path], tmp_path: Path, vaekit: Callable
) -> None:
    half = tmp_path / "half"
    half.mkdir()
    (half / "config.yaml").write_text((seeds[0] / "config.yaml").read_text())
    outcome = vaekit("evaluate", seeds[0], half)
    refused(outcome, "half is not finished")
    assert "1 of 2" not in outcome.out + outcome.error
