"""The doctor raises nothing where nothing is wrong, and finds what is planted."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.nn import Parameter

from tests.diagnosis.conftest import Chair
from vaekit import build_recipe
from vaekit.data import load
from vaekit.diagnosis import QUESTIONS, Advice, Diagnosis, Finding, Illness, Patient, diagnose
from vaekit.diagnosis.table import diagnosis_table
from vaekit.errors import UserError
from vaekit.posteriors import DiagonalGaussian
from vaekit.priors import GaussianPrior


def _posterior(patient: Patient) -> DiagonalGaussian:
    found = patient.vae.posteriors["z"]
    assert isinstance(found, DiagonalGaussian)
    return found


def test_a_perfect_linear_model_is_healthy(chair: Chair) -> None:
    found = diagnose(chair.healthy)
    assert found.illnesses == frozenset()
    assert found.finding("active units").value.startswith("8 of 8")
    # Rate and mutual information of the closed form: ½ ln(10) nats for each of 8 dimensions, q(z) = p(z).
    assert found.finding("mutual information").verdict in ("good", "unread")
    assert found.finding("calibration").number == pytest.approx(1.0, abs=0.03)
    assert found.finding("inference gap").number == pytest.approx(0.0, abs=1e-3)


def test_a_perfect_linear_model_of_128_latents_raises_nothing(wide: Callable[[], Patient]) -> None:
    found = diagnose(wide())
    assert found.illnesses == frozenset(), diagnosis_table(found)
    information, marginal = found.finding("mutual information"), found.finding("marginal KL")
    assert information.verdict == marginal.verdict == "unread"
    assert "ln N" in information.note
    # The naive reading: over a hundred nats between q(z) and p(z), which are the same.
    assert marginal.number is not None
    assert marginal.number > 100
    classifier = found.finding("codes against prior")
    assert classifier.verdict == "good"
    assert "stands in" in classifier.note


def _collapse(patient: Patient) -> None:
    _posterior(patient).mean.weight.data.zero_()
    _posterior(patient).log_std.data.zero_()  # pyright: ignore


def _too_small_sigma(patient: Patient) -> None:
    patient.vae.likelihood.variance.div_(9)  # pyright: ignore


def _too_large_sigma(patient: Patient) -> None:
    patient.vae.likelihood.variance.mul_(9)  # pyright: ignore


def _shifted_prior(patient: Patient) -> None:
    patient.vae.latents.replace_top(GaussianPrior(torch.full((8,), 1.0), torch.eye(8)))


def _wide_prior(patient: Patient) -> None:
    patient.vae.latents.replace_top(GaussianPrior(torch.zeros(8), 3 * torch.eye(8)))


def _exploding(patient: Patient) -> None:
    _posterior(patient).log_std = Parameter(torch.full((8,), 3.9))


def _dead(patient: Patient) -> None:
    _posterior(patient).mean.weight.data[1:] = 0
    log_std = _posterior(patient).log_std
    assert isinstance(log_std, Parameter)
    log_std.data[1:] = 0


@pytest.mark.parametrize(
    ("plant", "illness"),
    [
        (_collapse, "collapse"),
        (_too_small_sigma, "wrong scale"),
        (_too_large_sigma, "wrong scale"),
        (_shifted_prior, "prior misses"),
        (_wide_prior, "hole"),
        (_exploding, "exploding variance"),
        (_dead, "dead dimensions"),
    ],
)
def test_what_is_planted_is_found_with_a_next_step(
    chair: Chair, plant: Callable[[Patient], None], illness: Illness
) -> None:
    plant(chair.healthy)
    found = diagnose(chair.healthy)
    assert illness in found.illnesses, diagnosis_table(found)
    for finding in found.bad:
        assert finding.advice is not None
        assert finding.advice.command.startswith("vaekit ")


def test_a_weak_posterior_is_found(chair: Chair) -> None:
    # Means drawn in by 40 % cost .4² · .9 / .2 = .7 nats of each dimension, of a rate of 1.15.
    _posterior(chair.healthy).mean.weight.data *= 0.6
    assert "weak posterior" in diagnose(chair.healthy).illnesses


def test_models_that_cannot_be_asked_say_why() -> None:
    data = load("digits")
    for recipe in ("ae", "vq_vae"):
        model = build_recipe(recipe, data.spec).model.eval()
        found = diagnose(replace(_untrained(data), vae=model))
        unread = [finding for finding in found.findings if finding.verdict == "unread"]
        assert unread
        assert all(finding.note for finding in unread)


def _untrained(data: object) -> Patient:
    from tests.diagnosis.conftest import COMMANDS
    from vaekit.data import Data

    assert isinstance(data, Data)
    model = build_recipe("vae", data.spec).model.eval()
    return Patient(model, data, (), 1, None, 0, COMMANDS, {})


def test_progress_names_every_question(chair: Chair) -> None:
    asked: list[str] = []
    diagnose(chair.healthy, lambda done, about: asked.append(about))
    assert asked == [question.about for question in QUESTIONS]


def test_a_bad_reading_needs_a_next_step() -> None:
    with pytest.raises(UserError, match="next step"):
        Finding("a", "hole", "1", "0", "bad")


def test_the_table_and_the_file_hold_everything() -> None:
    bad = Finding(
        "calibration", "wrong scale", "0.01", "0.9 to 1.1", "bad", "why", Advice("do", "vaekit verify"), 0.01
    )
    unread = Finding("fine detail", "blur", "", "", "unread", "these are no images")
    found = Diagnosis("runs/a", (bad, unread))
    text = diagnosis_table(found)
    for word in ("wrong scale", "0.9 to 1.1", "why", "vaekit verify", "fine detail: these are no images"):
        assert word in text
    assert json.loads(found.to_json())["findings"][0]["advice"]["command"] == "vaekit verify"
    with pytest.raises(UserError, match="calibration"):
        found.finding("calibrations")
