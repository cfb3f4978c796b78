"""What a finished run was trained with, after another prior was fitted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import vaekit
from vaekit.errors import UserError
from vaekit.priors import LearnedMixture, StandardNormal
from vaekit.training.model_file import save_model
from vaekit.training.opened import Run, load_run
from vaekit.training.own_prior import own_prior


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    def trained(recipe: str) -> Run:
        out = tmp_path_factory.mktemp(recipe) / "run"
        options: dict[str, Any] = {"latents": 2, "size": "tiny", "epochs": 1, "sheets": 0, "device": "cpu"}
        more: dict[str, Any] = {"components": 3} if recipe == "gmm_prior" else {"prior": "standard"}
        return vaekit.train("digits", recipe, out=out, quiet=True, **options, **more)

    return trained


def replaced(run: Run) -> Run:
    """The run with N(0, I) in place of its prior."""
    vae = load_run(run.folder.path).vae
    vae.latents.replace_top(StandardNormal(2))
    save_model(run.folder.model, vae, run.facts)
    return load_run(run.folder.path)


def test_one_that_learned_comes_from_the_best_checkpoint(train: Callable[[str], Run]) -> None:
    run = train("gmm_prior")
    learned = run.vae.latents.top
    assert isinstance(learned, LearnedMixture)
    found = own_prior(replaced(run))
    assert isinstance(found, LearnedMixture)
    assert torch.equal(found.mean, learned.mean)
    run.folder.best.unlink()
    assert own_prior(run) is learned
    with pytest.raises(UserError, match=r"the LearnedMixture that .* was replaced by a fitted one"):
        own_prior(load_run(run.folder.path))


def test_one_that_learned_nothing_is_built_anew(train: Callable[[str], Run]) -> None:
    run = train("vae")
    assert isinstance(
        own_prior(replace(run, folder=replace(run.folder, path=Path("nowhere")))), StandardNormal
    )
