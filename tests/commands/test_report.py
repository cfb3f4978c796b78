import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "my run"))


def test_training_ends_with_a_page(trained: Path) -> None:
    text = (trained / "report.html").read_text(encoding="utf-8")
    assert "vae, trained for 3 epochs on digits: 1,437 examples" in text
    assert "The doctor" in text
    assert (trained / "diagnosis.json").is_file()


def test_a_page_is_written_anew(run: Path, vaekit) -> None:
    (run / "report.html").unlink()
    outcome = vaekit("report", run)
    assert outcome.code == 0, outcome.error
    assert f"written to {run}/report.html" in outcome.out
    assert "my run" in (run / "report.html").read_text(encoding="utf-8")


def test_the_page_does_not_say_where_the_run_lay(run: Path, vaekit) -> None:
    assert vaekit("report", run).code == 0
    assert str(run.parent) not in (run / "report.html").read_text(encoding="utf-8")


def test_a_diagnosis_of_this_model_is_read_and_an_older_one_is_not(run: Path, vaekit) -> None:
    path = run / "diagnosis.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["findings"][0]["measure"] = "planted measure"
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert vaekit("report", run).code == 0
    assert "planted measure" in (run / "report.html").read_text(encoding="utf-8")
    path.write_text("no diagnosis", encoding="utf-8")
    assert vaekit("report", run).code == 0
    assert "planted measure" not in (run / "report.html").read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["findings"]


def test_quick_leaves_the_doctor_out(run: Path, tmp_path: Path, vaekit) -> None:
    assert vaekit("report", run, "--quick", "-o", tmp_path / "page.html").code == 0
    assert "was not asked" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_every_evaluation_is_shown_and_a_broken_one_passed_over(run: Path, vaekit) -> None:
    shutil.copy(run / "evaluation.json", run / "evaluation-validation.json")
    (run / "evaluation-old.json").write_text("{}", encoding="utf-8")
    assert vaekit("report", run, "--quick").code == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "(evaluation-validation.json)" in text
    assert "evaluation-old" not in text


def test_training_without_a_page(tmp_path: Path, vaekit) -> None:
    options = ("--epochs", 1, "--hidden", "8", "--latents", 2, "--out", tmp_path / "run")
    outcome = vaekit("train", "digits", *options, "--report", "none")
    assert outcome.code == 0, outcome.error
    assert not (tmp_path / "run" / "report.html").exists()
    assert "report" not in (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_drawn_does_not_lose_the_run(tmp_path: Path, vaekit, monkeypatch) -> None:
    from vaekit.commands import finish
    from vaekit.errors import UserError

    def fail(*arguments: object) -> None:
        raise UserError("no room")

    monkeypatch.setattr(finish, "write_report", fail)
    options = ("--epochs", 1, "--hidden", "8", "--latents", 2, "--out", tmp_path / "run")
    outcome = vaekit("train", "digits", *options, "--report", "quick")
    assert outcome.code == 0, outcome.error
    assert "no page was written (no room); vaekit report" in outcome.out
    assert (tmp_path / "run" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere is not a run folder"),
        ((), "runs"),
        (("a", "b", "-o", "page.html"), "-o names one page"),
    ],
)
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], sentence: str, vaekit) -> None:
    outcome = vaekit("report", *arguments)
    assert outcome.code == 2
    assert sentence in outcome.error
    assert outcome.error.count("\n") == 1


def test_a_page_has_the_name_of_one(run: Path, vaekit) -> None:
    outcome = vaekit("report", run, "--quick", "-o", run / "page.txt")
    assert outcome.code == 2
    assert "ends in .html" in outcome.error
