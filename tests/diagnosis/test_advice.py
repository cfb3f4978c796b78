"""Every command that the doctor advises exists, with its options."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import pytest
import torch
import yaml

from tests.diagnosis.conftest import Chair
from vaekit import build_recipe
from vaekit.cli import COMMANDS, main
from vaekit.commands.parser import Parser
from vaekit.commands.train import parser_for
from vaekit.core import Solvable
from vaekit.data import load
from vaekit.data.conditions import conditioned
from vaekit.diagnosis import Advice, Commands, Finding, Patient, diagnose
from vaekit.diagnosis.checks import (
    aggregate,
    codes,
    copying,
    curves,
    detail,
    holes,
    latents,
    posterior,
    scale,
)
from vaekit.errors import UserError
from vaekit.evaluation.latent_use import SiteUse
from vaekit.likelihoods import GaussianLikelihood
from vaekit.likelihoods.bands import has_bands
from vaekit.priors import GaussianPrior
from vaekit.recipes.table import RECIPES, find, parameters_of

STRICT = (
    (scale, "LOW", 10.0),
    (scale, "FAR_LOW", 10.0),
    (latents, "EXAMPLES", 50),
    (latents, "FEEBLE", 1e9),
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


@cache
def _parser(recipe: str) -> Parser:
    return parser_for(recipe)


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
    _parser(recipe).parse_args(words[2:])  # raises for what does not exist


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


def _all_advice(patient: Patient) -> Iterator[Advice]:
    """Every advice that can be given to this model, whether or not it needs it."""
    vae = patient.vae
    if isinstance(vae.likelihood, GaussianLikelihood | Solvable):
        yield scale._advice(patient)
    if has_bands(patient.spec):
        yield detail._advice(patient)
    yield curves._against_overfitting(patient)
    yield copying._advice(patient)
    if vae.deterministic:
        return
    yield posterior._advice(patient)
    yield holes._smoother(patient)
    used = torch.tensor([5.0, 0.0, 0.0, 0.0])
    half = SiteUse("z", used, used, 0.01 * torch.ones(4), 1.0)
    sharp = SiteUse("z", 5 + used, used, 0.01 * torch.ones(4), 1.0)
    none = SiteUse("z", 0 * used, 0 * used, torch.ones(4), 0.0)
    for check, sites in (
        (latents.collapse, none),
        (latents.dead, none),
        (latents.dead, half),
        (latents.exploding, half),
        (latents.sharp, sharp),
    ):
        found = check((sites,), patient)
        assert found.advice is not None
        yield found.advice


ODD = (
    {},
    {"sigma": 0.1},
    {"sigma": "dct"},
    {"beta": 0.1},
    {"beta": 8.0},
    {"posterior": "full_covariance"},
    {"free_bits": 0.5},
    {"size": "base"},
    {"hidden": (20, 20)},
    {"sigma": "dct", "size": "base"},
)
"""Options that go together with few others, or are already what is advised first."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_advised_training_builds_another_model(chair: Chair, recipe: str) -> None:
    data, options = load("digits"), parameters_of(recipe)
    if find(recipe).needs_condition:
        data = conditioned(data, "labels")
    if "window" in options:
        options["window"] = 7  # digits are small
    commands = Commands("vaekit", "runs/a", "digits", recipe, frozenset(options))
    for odd in ODD:
        given = {**options, **odd}
        if not set(odd) <= set(options):
            continue
        try:
            model = build_recipe(recipe, data.spec, **given).model.eval()
        except UserError:
            assert odd  # some options do not go together with this recipe, but its own do
            continue
        patient = replace(chair.healthy, vae=model, data=data, commands=commands, options=given)
        for advice in _all_advice(patient):
            words = shlex.split(advice.command)
            if words[1] != "train":
                continue
            again = "--config" in words
            at = words.index("--config" if again else "--recipe") + 2
            values = dict(zip(words[at::2], words[at + 1 :: 2], strict=True))
            changes = {name.removeprefix("--"): yaml.safe_load(value) for name, value in values.items()}
            name = recipe if again else words[at - 1]
            changed = {key: value for key, value in changes.items() if key in parameters_of(name)}
            before = dict(given) if again else parameters_of(name)
            same = name == recipe and len(changed) == len(changes)
            assert not same or {**before, **changed} != given, f"{words} trains the same model again"
            build_recipe(name, data.spec, **{**before, **changed})


def test_a_run_from_python_is_advised_what_python_can_do(chair: Chair) -> None:
    commands = replace(chair.healthy.commands, from_python=True, run="'runs/my run'")
    assert commands.mixture().startswith("vaekit.train(source, 'vae', prior='gmm')")
    assert "numpy.save" in replace(commands, recipe_options=frozenset()).mixture()
    assert commands.evaluated("test") == "vaekit.evaluate(vaekit.load('runs/my run'), source, split='test')"
    assert "numpy" in commands.looked_at()
    assert commands.again("--flip true").startswith("vaekit.train(source, 'vae', flip=True)")


def test_where_no_dimension_is_used_fewer_are_no_remedy(chair: Chair) -> None:
    site = SiteUse("z", torch.zeros(2), torch.zeros(2), torch.ones(2), 0.0)
    found = latents.dead((site,), replace(chair.healthy, options={"free_bits": 0.0}))
    assert found.verdict == "bad"
    assert found.note == "no dimension is used"
    assert found.advice is not None
    assert "--free_bits 0.1" in found.advice.command


def test_few_steps_are_advised_to_become_enough(chair: Chair) -> None:
    rows = ({"step": 3.0, "validation_elbo_density": -1.0},)
    (found,) = curves.undertraining(replace(chair.healthy, rows=rows, epochs=1))
    assert found.value == "3 steps"
    assert found.advice is not None
    assert 3 * int(found.advice.command.split()[-1]) >= 4 * 200
