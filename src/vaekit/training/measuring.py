"""Measure a run: the groups of metrics that are asked for, kept in its folder while they are measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vaekit.data.sources import Source
from vaekit.evaluation import Evaluation, with_solved_sigma
from vaekit.evaluation.suite import Journal, Subject, measure
from vaekit.files import write_text
from vaekit.metrics import Measuring, chosen
from vaekit.training.opened import Run


def measure_run(
    run: Run,
    source: Source | None = None,
    split: str = "test",
    settings: Measuring = Measuring(),  # noqa: B008 (frozen)
    metrics: Sequence[str] = (),
    sigma: str | None = None,
    journal: Journal | None = None,
    progress: Callable[[str, float], None] = lambda group, fraction: None,
    report: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Score a split of the run's own data, or of another source of the same shape and levels.

    Args:
        run: a trained model.
        source: other data; default those the run was trained on.
        split: train, validation or test.
        settings: how to measure.
        metrics: names of groups, or "all"; none means the fast ones.
        sigma: None for the model's own; "solved", "dct" or "haar" to score its means with σ² solved anew.
        journal: what was measured already, and where what is measured is kept; default: nowhere.
        progress: told the group and the fraction of it that is done.
        report: told what a person should know.

    Raises:
        UserError: if the data do not fit the model, or a group is unknown.
    """
    groups = chosen(metrics, settings.features)
    data = run.data(source, report)
    vae = run.vae
    if sigma is not None:
        vae = with_solved_sigma(vae, run.examples("validation", data), run.spec, sigma)
    subject = Subject(vae, run.examples(split, data), run.spec, split, data)
    return measure(subject, groups, settings, journal, bool(metrics), progress, report)


def evaluation_path(
    run: Run, source: Source | None = None, split: str = "test", sigma: str | None = None
) -> Path:
    """Where an evaluation lies: evaluation.json for the test split of the run's own data, else beside it."""
    stem = "evaluation" if split == "test" else f"evaluation-{split}"
    other = "" if source is None else f"-{Path(str(source)).stem}"
    scored = "" if sigma is None else f"-sigma-{sigma}"
    return run.folder.path / f"{stem}{other}{scored}.json"


def write_evaluation(path: Path, evaluation: Evaluation) -> Evaluation:
    """Write an evaluation, with the groups that were measured earlier of the same model and data.

    Returns:
        what the file now holds.
    """
    try:
        earlier = Evaluation.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        earlier = replace(evaluation, figures=())  # none, or one of another version
    whole = evaluation.over(earlier)
    write_text(path, whole.to_json())
    return whole
