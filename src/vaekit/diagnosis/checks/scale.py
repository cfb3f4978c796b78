"""Whether the likelihood's σ is the size of the errors; a mean-squared-error loss fixes one without saying so."""

from collections.abc import Sequence

from vaekit.core import Solvable
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.evaluation.calibration import Calibration, calibration

LOW, HIGH = 0.9, 1.1
FAR_LOW, FAR_HIGH = 0.7, 1.5
"""A solved σ² of a small validation split strays; one that was fixed wrongly is off by more than this."""


def scale(patient: Patient) -> Sequence[Finding]:
    """Compare errors on the test split with σ.

    Raises:
        CapabilityError: if the likelihood is no Gaussian.
    """
    found = calibration(patient.vae, patient.several_tests)
    verdict = read(found)
    return (
        Finding(
            "calibration",
            "wrong scale",
            f"{found.ratio:.3g} ± {found.standard_error:.2g}",
            f"{LOW:g} to {HIGH:g}",
            verdict,
            _note(found) if verdict != "good" else "",
            _advice(patient) if verdict != "good" else None,
            found.ratio,
        ),
    )


def read(found: Calibration) -> Verdict:
    """Bad where the ratio lies beyond .7 and 1.5 by more than two standard errors.

    Example:
        >>> read(Calibration(0.01, 0.001, 0.02)), read(Calibration(1.2, 0.2, 0.02)), read(Calibration(1, 0.1, 0.02))
        ('bad', 'unsure', 'good')
    """
    if LOW <= found.ratio <= HIGH:
        return "good"
    margin = 2 * found.standard_error
    return "bad" if found.ratio + margin < FAR_LOW or found.ratio - margin > FAR_HIGH else "unsure"


def _note(found: Calibration) -> str:
    implied = found.error / found.ratio
    if found.ratio < 1:
        return (
            f"sigma^2 is {implied:.3g} and the squared error {found.error:.3g}: as if beta were "
            f"{1 / found.ratio:.3g}, which keeps z from saying more"
        )
    return (
        f"sigma^2 is {implied:.3g} and the squared error {found.error:.3g}: as if beta were {1 / found.ratio:.3g}, "
        "and held-out examples surprise the model"
    )


def _advice(patient: Patient) -> Advice:
    commands = patient.commands
    if isinstance(patient.vae.likelihood, Solvable):
        return Advice(
            "sigma^2 was solved on validation, and the test split errs otherwise: look at how the two were drawn",
            commands.evaluated("validation"),
        )
    # A recipe that fixes its likelihood takes no sigma, and lists the usual one.
    if "sigma" in commands.recipe_options and patient.options.get("sigma", "solved") != "solved":
        return Advice("sigma^2 solved in closed form is never off", commands.again("--sigma solved"))
    return Advice("the recipe vae solves sigma^2 in closed form", commands.anew("vae"))
