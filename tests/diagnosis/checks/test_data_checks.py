"""Leaks, mirrored pictures and copies: planted, absent, and impossible to tell."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.diagnosis.conftest import COMMANDS, gaussian, patient_of
from vaekit import build_recipe
from vaekit.core import VAE
from vaekit.data import Data, load
from vaekit.data.records import Split
from vaekit.diagnosis import Finding, Patient
from vaekit.diagnosis.checks.copying import copying
from vaekit.diagnosis.checks.leak import flips_in_validation, leak
from vaekit.errors import CapabilityError
from vaekit.priors import GaussianMixturePrior

DIGITS = load("digits")


def untrained(data: Data) -> Patient:
    return Patient(build_recipe("vae", data.spec, latents=2).model.eval(), data, (), 1, None, 0, COMMANDS, {})


def with_test(data: Data, values: np.ndarray) -> Data:
    return replace(data, test=Split(values))


def by_name(findings: object) -> dict[str, Finding]:
    assert isinstance(findings, list)
    return {finding.measure: finding for finding in findings}


def test_digits_do_not_leak_and_are_not_mirrored() -> None:
    found = by_name([*leak(untrained(DIGITS)), *flips_in_validation(untrained(DIGITS))])
    assert {finding.verdict for finding in found.values()} == {"good"}


@pytest.mark.parametrize(("copied", "verdict"), [(36, "bad"), (9, "bad"), (2, "good")])
def test_copied_examples_are_found(copied: int, verdict: str) -> None:
    """Of 180; four standard errors are six examples, so that two prove nothing."""
    values = DIGITS.test.array.copy()
    values[:copied] = DIGITS.train.array[:copied]
    found = by_name(leak(untrained(with_test(DIGITS, values))))
    assert found["copies in test"].verdict == verdict
    assert found["copies in test"].number == pytest.approx(copied / 180, abs=0.006)
    assert found["copies in validation"].verdict == "good"


def test_copies_in_another_format_are_copies() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (600, 3, 8, 8)).repeat(4, 2).repeat(4, 3).astype(np.uint8)
    data = load({"x_train": pictures[:400], "x_val": pictures[400:500], "x_test": pictures[500:]})
    noisy = data.train.array[:30].astype(int) + rng.integers(-6, 7, (30, 3, 32, 32))
    values = np.concatenate([noisy.clip(0, 255).astype(np.uint8), data.test.array[30:]])
    assert by_name(leak(untrained(with_test(data, values))))["copies in test"].verdict == "bad"
    assert by_name(leak(untrained(data)))["copies in test"].verdict == "good"


def test_rows_that_repeat_by_nature_are_no_leak() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 3, (2000, 4)).astype(np.float32)
    found = by_name(leak(untrained(load(table))))
    assert found["copies in test"].verdict == "good"
    assert "by nature" in found["copies in test"].note


def test_mirrored_validation_pictures_are_found() -> None:
    values = DIGITS.validation.array.copy()
    values[::2] = values[::2, ..., ::-1]
    data = replace(DIGITS, validation=Split(values))
    found = by_name(flips_in_validation(untrained(data)))
    assert found["mirrored in validation"].verdict == "bad"
    assert found["mirrored in validation"].number == pytest.approx(0.45, abs=0.06)
    assert found["mirrored in test"].verdict == "good"


def test_where_mirroring_cannot_be_told_the_reason_is_given() -> None:
    both = DIGITS.train.array.copy()
    both[::2] = both[::2, ..., ::-1]
    symmetric = replace(DIGITS, train=Split(both))
    with pytest.raises(CapabilityError, match="nobody could tell"):
        flips_in_validation(untrained(symmetric))
    with pytest.raises(CapabilityError, match="mirrored, too"):
        flips_in_validation(untrained(replace(DIGITS, flip=True)))
    with pytest.raises(CapabilityError, match="only pictures"):
        flips_in_validation(patient_of(gaussian(500, 6, 2), 2))


def on_codes(patient: Patient, spread: float) -> VAE:
    """The prior sits on the codes of training examples: what it draws are reconstructions of those."""
    codes = patient.vae.encode(patient.train.first(400)).mean
    components = torch.full((len(codes),), 1 / len(codes))
    scale = spread * torch.eye(codes.shape[1])
    patient.vae.latents.replace_top(GaussianMixturePrior(components, codes, scale.expand(len(codes), -1, -1)))
    return patient.vae


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_smooth_samples_of_a_perfect_model_are_not_called_copies(seed: int) -> None:
    """Means of z ~ p(z) leave out the noise of x and are nearer to everything; five seeds, z over 3 in .13 %."""
    (finding,) = copying(patient_of(gaussian(2000, 16, 8, seed), 8))
    assert finding.verdict == "good"


def test_a_prior_on_the_codes_of_training_examples_is_copying() -> None:
    # All of the signal is kept: 8 latents of variance 9 beside noise of 1, and 400 examples.
    patient = patient_of(gaussian(660, 9, 8), 8)
    on_codes(patient, 0.02)
    (finding,) = copying(patient)
    assert finding.verdict == "bad"
    assert finding.advice is not None


def test_mirrored_copies_are_copies_also_where_training_is_mirrored() -> None:
    values = DIGITS.test.array.copy()
    values[:18] = DIGITS.train.array[:18, ..., ::-1]
    for flip in (False, True):
        data = replace(with_test(DIGITS, values), flip=flip)
        assert by_name(leak(untrained(data)))["copies in test"].verdict == "bad"


def test_data_that_hold_every_mirror_image_do_not_leak() -> None:
    found = by_name(leak(untrained(load("sprites"))))
    assert {finding.verdict for finding in found.values()} == {"good"}
