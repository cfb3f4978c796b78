"""The doctor: asks every question, and says what was found, the worst first."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from vaekit.diagnosis.checks.aggregate import aggregate
from vaekit.diagnosis.checks.codes import codes
from vaekit.diagnosis.checks.copying import copying
from vaekit.diagnosis.checks.curves import overfitting, undertraining
from vaekit.diagnosis.checks.detail import detail
from vaekit.diagnosis.checks.holes import holes
from vaekit.diagnosis.checks.latents import latents
from vaekit.diagnosis.checks.leak import flips_in_validation, leak
from vaekit.diagnosis.checks.posterior import posterior
from vaekit.diagnosis.checks.scale import scale
from vaekit.diagnosis.finding import Diagnosis, Finding, Illness
from vaekit.diagnosis.patient import Check, Patient
from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class Question:
    """One thing the doctor asks.

    Args:
        about: what it is called while it is asked, and where it cannot be answered.
        illness: what it looks for first.
        check: the measures.
    """

    about: str
    illness: Illness
    check: Check


QUESTIONS = (
    Question("copies of training examples", "leak", leak),
    Question("mirrored pictures", "flips in validation", flips_in_validation),
    Question("training", "undertraining", undertraining),
    Question("overfitting", "overfitting", overfitting),
    Question("calibration", "wrong scale", scale),
    Question("use of the latents", "collapse", latents),
    Question("use of the codes", "dead codes", codes),
    Question("prior and codes", "prior misses", aggregate),
    Question("holes", "hole", holes),
    Question("inference gap", "weak posterior", posterior),
    Question("copying", "copying", copying),
    Question("fine detail", "blur", detail),
)
"""In the order in which one would mend: data first, then training, scale, codes, prior, and what is left."""


def diagnose(patient: Patient, asking: Callable[[float, str], None] = lambda done, about: None) -> Diagnosis:
    """Ask every question.

    A question that this model or these data cannot answer gives an unread finding that says why.

    Args:
        patient: the run.
        asking: told the fraction done and what comes now.

    Raises:
        UserError: if the model's weights are not finite: nothing can be measured of it.
    """
    if not all(bool(weight.isfinite().all()) for weight in patient.vae.parameters()):
        raise UserError(
            f"{patient.commands.run}: weights of this model are not finite, for its training diverged: "
            f"{patient.commands.again('--lr 0.0003 --clip 100')}"
        )
    patient.vae.eval()
    findings: list[Finding] = []
    for place, question in enumerate(QUESTIONS):
        asking(place / len(QUESTIONS), question.about)
        try:
            findings += map(_readable, question.check(patient))
        except UserError as error:
            findings.append(Finding(question.about, question.illness, "", "", "unread", str(error)))
    return Diagnosis(patient.commands.run, tuple(findings))


def _readable(finding: Finding) -> Finding:
    """The finding, or that it could not be taken: numbers of a broken model overflow."""
    if (finding.number is None or math.isfinite(finding.number)) and "nan" not in finding.value.split():
        return finding
    return Finding(
        finding.measure, finding.illness, "", "", "unread", "what this model gives for it is not finite"
    )
