import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def pair(trained: Path, tmp_path: Path) -> tuple[Path, Path]:
    other = Path(shutil.copytree(trained, tmp_path / "other"))
    path = other / "evaluation.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    for figure in facts["figures"]:
        if figure["name"] == "MSE":
            figure["value"] += 0.5
    path.write_text(json.dumps(facts), encoding="utf-8")
    return trained, other


def test_runs_stand_side_by_side(pair: tuple[Path, Path], tmp_path: Path, vaekit) -> None:
    out = tmp_path / "both.html"
    outcome = vaekit("compare", *pair, "-o", out)
    assert outcome.code == 0, outcome.error
    head, *lines = outcome.out.splitlines()
    assert head.split() == [path.name for path in pair]
    (mse,) = [line for line in lines if line.strip().startswith("MSE")]
    assert mse.count("*") == 1
    assert mse.index("*") < mse.rindex("±")
    assert outcome.out.endswith(f"written to {out}\n")
    text = out.read_text(encoding="utf-8")
    assert text.count("<h3>other</h3>") > 5
    assert "best in bold" in text


def test_a_run_of_other_data_is_not_compared(trained: Path, tmp_path: Path, vaekit) -> None:
    options = ("--epochs", 1, "--hidden", "8", "--latents", 2, "--out", tmp_path / "run", "--split.seed", 1)
    assert vaekit("train", "digits", *options, "--report", "none").code == 0
    outcome = vaekit("compare", trained, tmp_path / "run", "--quick", "-o", tmp_path / "c.html")
    assert outcome.code == 0, outcome.error
    assert "not measured on the same data" in outcome.out
    assert "*" not in outcome.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("a",), "at least two runs"), (("a", "a"), "at least two runs"), (("a", "b"), "a is not a run folder")],
)
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], sentence: str, vaekit) -> None:
    outcome = vaekit("compare", *arguments)
    assert outcome.code == 2
    assert sentence in outcome.error
