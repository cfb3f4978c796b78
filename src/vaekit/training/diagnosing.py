"""A run as the doctor sees it."""

import shlex
from collections.abc import Callable
from dataclasses import fields

from vaekit.data import Data
from vaekit.data.walk import sources_in
from vaekit.diagnosis import Commands, Diagnosis, Patient, diagnose
from vaekit.recipes.table import parameters_of
from vaekit.training.config import RunConfig
from vaekit.training.folder import program, typed
from vaekit.training.metrics import read_metrics
from vaekit.training.opened import PYTHON_OBJECT, Run
from vaekit.training.scoring import score_of


def patient_of(run: Run, data: Data) -> Patient:
    """Gather what the doctor looks at.

    Args:
        run: a trained model.
        data: what it was trained on.
    """
    rows = read_metrics(run.folder.metrics)
    recipe = run.facts.build()
    scores = [score_of(row, run.vae) for row in rows]
    best = rows[max(range(len(rows)), key=scores.__getitem__)] if rows else None
    config = run.config
    return Patient(
        run.vae,
        data,
        rows,
        None if recipe.closed_form is not None else config.training.epochs,
        None if best is None else int(best["epoch"]),
        config.training.seed,
        Commands(
            program(),
            typed(run.folder.path),
            data_words(config),
            config.recipe,
            frozenset(parameters_of(config.recipe)),
            config.data == PYTHON_OBJECT,
        ),
        config.options,
        max(turn.settled for turn in recipe.turns),
    )


def diagnose_run(
    run: Run, data: Data | None = None, asking: Callable[[float, str], None] = lambda done, about: None
) -> Diagnosis:
    """Ask the doctor about a run.

    Args:
        run: a trained model.
        data: what it was trained on, where that is at hand.
        asking: told the fraction done and what is measured now.

    Raises:
        UserError: if the data cannot be had any more.
    """
    return diagnose(patient_of(run, run.data() if data is None else data), asking)


def data_words(config: RunConfig) -> str:
    """The data of a run as they are typed, with the options that say how they are read.

    Example:
        >>> from vaekit.training.config import config_from
        >>> data_words(config_from({"data": "my faces", "image_size": [32, 32], "levels": None}))
        "'my faces' --image_size 32,32"
    """
    words = [shlex.quote(part) for part in sources_in(config.data)]
    given: dict[str, object] = {"levels": config.levels, "binarise": config.binarise}
    for record, prefix in ((config.split, "split."), (config.pictures, "")):
        usual = type(record)()
        given |= {
            f"{prefix}{field.name}": getattr(record, field.name)
            for field in fields(record)
            if getattr(record, field.name) != getattr(usual, field.name)
        }
    for name, value in given.items():
        if value is not None:
            text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            words.append(f"--{name} {shlex.quote(text)}")
    return " ".join(words)
