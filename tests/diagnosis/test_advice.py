"""Every command that the doctor advises exists, with its options."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
import torch

from tests.diagnosis.conftest import Chair
from vaekit.cli import COMMANDS, main
from vaekit.commands.train import parser_for
from vaekit.diagnosis import Commands, Finding, Patient, diagnose
from vaekit.diagnosis.checks import aggregate, codes, detail, holes, latents, posterior, scale
from vaekit.priors import GaussianPrior
from vaekit.recipes.table import RECIPES, parameters_of

STRICT = (
    (scale, "LOW", 10.0),
    (scale, "FAR_LOW", 10.0),
    (latents, "COLLAPSED", 1e9),
    (latents, "MOSTLY_DEAD", -1.0),
    (latents, "WIDE_SHARE", -1.0),
    (latents, "NEARLY_ALL", -1.0),
    (aggregate, "GOOD_AUC", -1.0),
    (aggregate, "BAD_AUC", -1.0),
    (holes, "GOOD_STEP", -1.0),
    (holes, "BAD_STEP", -1.0),
    (posterior, "GOOD_GAP", -1.0),
    (posterior, "BAD_GAP", -1.0),
    (posterior, "BAD_SHARE", -1.0),
    (detail, "BLURRED", 1e9),
    (codes, "GOOD_USE", 1e9),
)
"""Thresholds at which nobody is healthy, so that every advice is given."""


def _patients(chair: Chair) -> Iterator[Patient]:
    """The same model under every recipe's name and options, as trained from a file."""
    shifted = replace(chair.healthy)
    shifted.vae.latents.replace_top(GaussianPrior(torch.full((8,), 2.0), torch.eye(8)))
    for recipe in RECIPES:
        options = parameters_of(recipe)
        commands = Commands("vaekit", "runs/a", "data.npy", recipe, frozenset(options))
        for odd in ({}, {"sigma": 0.1}, {"beta": 0.1}, {"beta": 8.0}, {"posterior": "full_covariance"}):
            given = {**options, **{name: value for name, value in odd.items() if name in options}}
            yield replace(shifted, commands=commands, options=given)


def _check(command: str, recipe: str, help_of: Callable[[str], str]) -> None:
    words = shlex.split(command)
    assert words[0] == "vaekit"
    assert words[1] in COMMANDS, command
    if words[1] != "train":
        for word in words[2:]:
            assert not word.startswith("--") or word in help_of(words[1]), command
        return
    if "--config" in words:
        at = words.index("--config")
        words = words[:at] + words[at + 2 :]
    elif "--recipe" in words:
        recipe = words[words.index("--recipe") + 1]
    parser_for(recipe).parse_args(words[2:])  # raises for what does not exist


def test_every_advised_command_exists(chair: Chair, capsys: pytest.CaptureFixture[str]) -> None:
    helps: dict[str, str] = {}

    def help_of(command: str) -> str:
        if command not in helps:
            with pytest.raises(SystemExit):
                main([command, "--help"])
            helps[command] = capsys.readouterr().out
        return helps[command]

    patches = [patch.object(module, name, value) for module, name, value in STRICT]
    for each in patches:
        each.start()
    try:
        sample = diagnose(next(_patients(chair)))
        measured = {finding.measure for finding in sample.findings if finding.advice is not None}
        assert measured >= {
            "calibration",
            "active units",
            "dead dimensions",
            "codes against prior",
            "decoder holes",
        }
        seen = 0
        for patient in _patients(chair):
            for finding in _advised(patient):
                assert finding.advice is not None
                _check(finding.advice.command, patient.commands.recipe, help_of)
                seen += 1
        assert seen > 5 * len(RECIPES)
    finally:
        for each in patches:
            each.stop()


def _advised(patient: Patient) -> list[Finding]:
    """The advice that depends on recipe and options; what is dear to measure is measured once."""
    found = [*scale.scale(patient), *latents.latents(patient)]
    better = aggregate.better_prior(patient)
    found.append(Finding("prior", "prior misses", "", "", "bad", "", better))
    for module in (holes, posterior, detail):
        make = getattr(module, "_smoother", None) or module._advice
        found.append(Finding("x", "hole", "", "", "bad", "", make(patient)))
    return [finding for finding in found if finding.advice is not None]


def test_a_run_from_python_is_advised_a_call(chair: Chair) -> None:
    commands = replace(chair.healthy.commands, from_python=True)
    assert commands.anew("beta_vae", "--beta 2") == "vaekit.train(source, 'beta_vae', beta=2)"
    assert commands.again("--sigma solved").startswith("vaekit.train(source, 'vae', sigma='solved')")
