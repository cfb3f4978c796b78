"""A run as its page shows it, and the page in its folder."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import torch

from vaekit.data import Data
from vaekit.diagnosis import Advice, Diagnosis, Finding
from vaekit.errors import UserError
from vaekit.evaluation import Evaluation
from vaekit.files import write_text
from vaekit.report.page import Subject, page
from vaekit.training.diagnosing import diagnose_run
from vaekit.training.folder import RunFolder, program, typed
from vaekit.training.metrics import read_metrics
from vaekit.training.opened import Run


def subject_of(run: Run, data: Data, diagnosis: Diagnosis | None = None) -> Subject:
    """Gather what the page of a run shows.

    Args:
        run: a trained model.
        data: what it was trained on.
        diagnosis: what the doctor found; None leaves the doctor out.
    """
    config = run.config
    return Subject(
        run.folder.path.resolve().name,
        run.vae,
        data,
        repr((config.data, config.levels, config.binarise, config.split, config.pictures, len(data.test))),
        config.recipe,
        config.options,
        None if run.facts.build().closed_form is not None else config.training.epochs,
        read_metrics(run.folder.metrics),
        evaluations_of(run.folder),
        None if diagnosis is None else by_name(diagnosis, run.folder.path),
        config.to_yaml(),
        environment(run),
        config.training.seed,
    )


def evaluations_of(folder: RunFolder) -> dict[str, Evaluation]:
    """What was measured, by file name; evaluation.json first. Files of another version are passed over."""
    found: dict[str, Evaluation] = {}
    paths = sorted(
        folder.path.glob("evaluation*.json"), key=lambda path: (path != folder.evaluation, path.name)
    )
    for path in paths:
        try:
            found[path.name] = Evaluation.from_json(path.read_text(encoding="utf-8"))
        except (ValueError, TypeError, KeyError, OSError):
            continue
    return found


def by_name(found: Diagnosis, path: Path) -> Diagnosis:
    """A diagnosis whose commands name the run by where it lies below here: a page is read elsewhere."""
    name = typed(Path(path.name)) if path.is_absolute() else typed(path)

    def told(text: str) -> str:
        return text.replace(typed(path), name).replace(program(), "vaekit")

    findings = tuple(
        finding
        if finding.advice is None
        else replace(finding, advice=replace(finding.advice, command=told(finding.advice.command)))
        for finding in found.findings
    )
    return Diagnosis(told(found.run), findings)


def environment(run: Run) -> Mapping[str, str]:
    """Where and when this is: versions, machine, threads, date."""
    where = run.vae.device
    device = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    return {
        "vaekit": version("vaekit"),
        "torch": str(torch.__version__),
        "Python": platform.python_version(),
        "Machine": f"{platform.system()} {platform.machine()}",
        "Device": f"{device}, {torch.get_num_threads()} thread" + "s" * (torch.get_num_threads() > 1),
        "Written": datetime.now().astimezone().isoformat(" ", "minutes"),
    }


def diagnosis_of(
    run: Run, data: Data, asking: Callable[[float, str], None] = lambda done, about: None
) -> Diagnosis:
    """What the doctor found of this very model: read where diagnosis.json is newer than it, else asked now."""
    path = run.folder.diagnosis
    try:
        if path.stat().st_mtime >= run.folder.model.stat().st_mtime:
            return read_diagnosis(path)
    except (OSError, ValueError, TypeError, KeyError):
        pass
    found = diagnose_run(run, data, asking)
    write_text(path, found.to_json())
    return found


def read_diagnosis(path: Path) -> Diagnosis:
    """Read a diagnosis.json.

    Raises:
        OSError, ValueError, TypeError, KeyError: if it is not one.
    """
    facts = json.loads(path.read_text(encoding="utf-8"))
    findings = [
        Finding(**{**finding, "advice": None if finding["advice"] is None else Advice(**finding["advice"])})
        for finding in facts["findings"]
    ]
    return Diagnosis(facts["run"], tuple(findings))


def write_report(run: Run, data: Data, diagnosis: Diagnosis | None, path: Path | None = None) -> Path:
    """Write the page of a run.

    Args:
        run: a trained model.
        data: what it was trained on.
        diagnosis: what the doctor found; None leaves the doctor out.
        path: of the page; default report.html in the folder of the run.

    Returns:
        The path.

    Raises:
        UserError: if it cannot be written.
    """
    target = run.folder.path / "report.html" if path is None else path
    write_page(target, page(subject_of(run, data, diagnosis)))
    return target


def write_page(path: Path, text: str) -> None:
    """Write a page whole or not at all.

    Raises:
        UserError: for a name that is no .html, or a place that cannot be written.
    """
    if path.suffix.lower() != ".html":
        raise UserError(f"{path}: a page is written as HTML; give a name that ends in .html")
    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(
            f"could not write {path} ({error.strerror or error}); choose another place"
        ) from error
