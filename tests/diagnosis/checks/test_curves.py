"""Courses of training: too short, long enough, and for models that cannot be asked."""

from dataclasses import replace

import pytest
import torch

from tests.diagnosis.conftest import COMMANDS, gaussian, patient_of
from vaekit.diagnosis import Patient
from vaekit.diagnosis.checks.curves import late_gain, overfitting, undertraining
from vaekit.errors import CapabilityError


def trained(scores: list[float], steps: int = 1000, kl: float = 10.0) -> Patient:
    """A linear model with a made-up course."""
    rows = [
        {"step": steps * (i + 1) / len(scores), "validation_elbo_density": score, "validation_kl": kl}
        for i, score in enumerate(scores)
    ]
    healthy = patient_of(gaussian(1000, 6, 2), 2)
    return replace(healthy, rows=rows, epochs=len(scores), commands=COMMANDS)


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([-100.0, -20.0, -11.0, -10.5, -10.2, -10.1, -10.05, -10.0], "good"),
        ([-100.0, -90.0, -80.0, -70.0, -60.0, -50.0, -40.0, -30.0], "bad"),
        ([-20.0, -18.0, -16.0, -14.0, -13.0, -12.0, -11.0, -10.0], "unsure"),
        ([-20.0, -10.0, -11.0, -12.0, -13.0, -14.0, -15.0, -16.0], "good"),
        ([-20.0, -10.0], "bad"),
    ],
)
def test_what_was_won_in_the_last_quarter_decides(scores: list[float], verdict: str) -> None:
    (finding,) = undertraining(trained(scores))
    assert finding.verdict == verdict
    assert (finding.advice is None) == (verdict == "good")
    if finding.advice is not None:
        assert finding.advice.command.endswith(f"--epochs {4 * len(scores)}")


def test_few_steps_are_too_few_whatever_the_curve_says() -> None:
    (finding,) = undertraining(trained([-10.0] * 8, steps=100))
    assert finding.verdict == "bad"
    assert "100 steps" in finding.value


def test_the_gain_between_two_rows_lies_on_a_line() -> None:
    # At 75 of 100 steps half of the way from 0 to 10 is done.
    assert late_gain([(50, 0.0), (100, 10.0)], 100) == pytest.approx(5.0)
    assert late_gain([(100, 3.0)], 100) == 0.0


def test_closed_forms_and_runs_without_rows_are_not_asked() -> None:
    healthy = patient_of(gaussian(300, 6, 2), 2)
    with pytest.raises(CapabilityError, match="not trained by steps"):
        undertraining(healthy)
    with pytest.raises(CapabilityError, match="nothing was written"):
        undertraining(replace(healthy, epochs=3))


def test_a_model_that_fits_the_truth_does_not_overfit() -> None:
    (finding,) = overfitting(patient_of(gaussian(4000, 16, 8), 8))
    assert finding.verdict == "good"
    assert abs(finding.number or 0.0) < 0.1


def test_a_model_fitted_to_few_examples_does() -> None:
    # 24 training examples of 40 numbers: 20 directions are learned of which few are real.
    data = gaussian(40, 40, 4)
    patient = patient_of(data, 20)
    (finding,) = overfitting(patient)
    assert finding.verdict == "bad"
    assert finding.number is not None
    assert finding.number > 1
    assert torch.isfinite(torch.tensor(finding.number))


def test_noise_is_no_gain() -> None:
    """Validations that stray by 2 nats around nothing, at a rate of 10: none of 200 courses is called short."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        scores = (-50 + 2 * torch.randn(40, generator=generator, dtype=torch.float64)).tolist()
        (finding,) = undertraining(trained(scores))
        assert finding.verdict != "bad"


def test_an_objective_that_changes_to_the_end_is_not_judged_by_its_curve() -> None:
    with pytest.raises(CapabilityError, match="objective changed"):
        undertraining(replace(trained([-20.0, -10.0]), settled=1.0))


def test_a_model_that_says_nothing_is_not_called_overfitted() -> None:
    patient = patient_of(gaussian(600, 6, 2), 2)
    with torch.no_grad():
        patient.vae.posteriors["z"].mean.weight.zero_()  # pyright: ignore
        patient.vae.posteriors["z"].log_std.zero_()  # pyright: ignore
    (finding,) = overfitting(patient)
    assert finding.verdict == "good"
    assert abs(finding.number or 0.0) < 1
