"""Trained runs in a folder, each made once."""

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from vaekit import Run, load, train
from vaekit.data import Data
from vaekit.likelihoods import SolvedGaussian

from .cases import COMMON, LEVELS, Case, Training
from .sources import Places, file_of


def label(training: Training, seed: int) -> str:
    """The folder's name: what can be read, and a digest of all options.

    Example:
        >>> label(Training("digits"), 0)
        'digits-vae-0-58d7c602'
    """
    digest = hashlib.sha256(json.dumps(asdict(training), sort_keys=True).encode()).hexdigest()[:8]
    words = [training.data, training.fault, training.recipe, str(seed), digest]
    return "-".join(word for word in words if word)


def folder_of(case: Case, out: Path) -> Path:
    """Where the run of a case lies, before it is altered."""
    return out / "runs" / case.part / label(case.planted.training, case.seed)


def trained(case: Case, places: Places, out: Path) -> Run:
    """The run of a case; trained if it is not there, anew if it was interrupted."""
    return _trained(case.planted.training, case.seed, out / "runs" / case.part, places, out)


def patient(case: Case, places: Places, out: Path) -> tuple[Run, Data]:
    """A run and its data with the illness planted."""
    run = trained(case, places, out)
    data = run.data()
    return (run, data) if case.planted.alteration is None else case.planted.alteration(run, data)


def _trained(training: Training, seed: int, folder: Path, places: Places, out: Path) -> Run:
    path = folder / label(training, seed)
    if (path / "model.safetensors").is_file():
        return load(path)
    if path.exists():
        shutil.rmtree(path)
    options: dict[str, Any] = {**COMMON, **training.options}
    if training.sigma is not None:
        # The prior is fitted at the end, and has no say in sigma.
        plain = {name: value for name, value in training.options.items() if name != "prior"}
        usual = replace(training, options=plain, sigma=None)
        options["sigma"] = training.sigma * solved(_trained(usual, seed, folder, places, out))
    if (levels := LEVELS.get(training.data)) is not None:
        options["levels"] = levels
    if training.recipe == "ppca":
        options = {"latents": options["latents"]}
    source = file_of(training.data, training.fault, seed, places, out)
    return train(source, training.recipe, out=path, quiet=True, seed=seed, **options)


def solved(run: Run) -> float:
    """The sigma that was solved."""
    return cast(SolvedGaussian, run.vae.likelihood).variance.sqrt().item()
