"""Whether training was too short, or went on until the model knew its examples by heart."""

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.bounds import bounds
from vaekit.evaluation.measures import native

EXAMPLES = 1000
GOOD_LOSS, BAD_LOSS = 0.5, 0.8
"""Held-out nats lost, in units of the rate: of what z tells of a new example, nearly all is lost again."""
GOOD_GAIN, BAD_GAIN = 0.1, 0.3
"""Nats that validation won in the last quarter of training, in units of the rate; for losses, of all that was won."""
LEAST_RATE = 2.0
"""Nats: of a model that uses z hardly, the smallest gain would seem large."""
FEW_STEPS = 200
"""Fewer steps train nothing, whatever the curve says."""
LAST = 0.75
CLEAR = 2.0
"""Deviations by which one validation strays from its neighbours' line: less of a gain is noise."""
FEWEST_BENDS = 4
MORE = 4
"""Times as long, that training is advised to take."""


def overfitting(patient: Patient) -> Sequence[Finding]:
    """Compare −ELBO of test and training examples.

    Raises:
        CapabilityError: if no evidence is bounded.
    """
    vae = patient.vae
    if vae.lacks_evidence:
        raise CapabilityError(vae.lacks_evidence)
    count = min(EXAMPLES, len(patient.several_tests))
    (seen, _), (held_out, rate) = (_costs(patient, split, count) for split in ("train", "test"))
    loss = (held_out.mean() - seen.mean()).item()
    error = math.hypot(*(cost.std().item() / math.sqrt(len(cost)) for cost in (seen, held_out)))
    unit = max(LEAST_RATE, rate)
    share = loss / unit
    verdict: Verdict = "good"
    if share > GOOD_LOSS and loss > 2 * error:
        verdict = "bad" if loss - 2 * error > BAD_LOSS * unit else "unsure"
    return (
        Finding(
            "overfitting",
            "overfitting",
            f"{loss:.2f} ± {error:.2f} nats worse on test, {share:.2f} of the rate",
            f"at most {GOOD_LOSS:g} of the rate",
            verdict,
            _when(patient) if verdict != "good" else "",
            _against_overfitting(patient) if verdict != "good" else None,
            share,
        ),
    )


def undertraining(patient: Patient) -> Sequence[Finding]:
    """Look at what validation still won at the end of training.

    Raises:
        CapabilityError: for closed forms, and where no course of training was kept.
    """
    if patient.epochs is None:
        raise CapabilityError("this model was not trained by steps")
    scores = course(patient)
    if not scores:
        raise CapabilityError("nothing was written down while this model was trained")
    steps = scores[-1][0]
    if steps < FEW_STEPS:
        counted = "1 step" if steps == 1 else f"{steps:.0f} steps"
        return (_short(counted, patient, 0.0, "bad", max(MORE, math.ceil(MORE * FEW_STEPS / steps))),)
    if patient.settled > LAST:
        raise CapabilityError("the objective changed until the end of training, and the curve with it")
    gain, unit = late_gain(scores, steps), _unit(patient, scores)
    share = gain / unit if unit > 0 else 0.0
    verdict: Verdict = "good"
    if share > GOOD_GAIN and gain > CLEAR * unrest([score for _, score in scores]):
        verdict = "bad" if share > BAD_GAIN else "unsure"
    of = "all that was won" if patient.vae.lacks_evidence else "the rate"
    value = f"{gain:.2f} won in the last quarter, {share:.2f} of {of}"
    if verdict != "good":
        return (_short(value, patient, share, verdict),)
    return (Finding("training", "undertraining", value, f"at most {GOOD_GAIN:g}", "good", "", None, share),)


def course(patient: Patient) -> list[tuple[float, float]]:
    """(step, validation score) of every finite row, higher for better."""
    name, sign = ("validation_loss", -1.0)
    if not patient.vae.lacks_evidence:
        name, sign = f"validation_elbo_{patient.vae.likelihood.measure}", 1.0
    return [(row["step"], sign * row[name]) for row in patient.rows if math.isfinite(row.get(name, math.nan))]


def late_gain(scores: Sequence[tuple[float, float]], steps: float) -> float:
    """How much the best score rose in the last quarter of the steps; between two rows on a straight line.

    Example:
        >>> late_gain([(100, 0.0), (200, 8.0), (300, 9.0), (400, 10.0)], 400)
        1.0
    """
    cut = LAST * steps
    before = [score for step, score in scores if step <= cut]
    after = [(step, score) for step, score in scores if step > cut]
    if not before:
        # Less than four rows may all lie late: the first stands for what was reached by then.
        return max(score for _, score in scores) - scores[0][1]
    best = max(before)
    last, value = [(step, score) for step, score in scores if step <= cut][-1]
    step, score = after[0]
    reached = value + (score - value) * (cut - last) / (step - last)
    return max(0.0, max(score for _, score in after) - max(best, reached))


def unrest(scores: Sequence[float]) -> float:
    """How far a score of the second half strays from the line between its neighbours: s.d. of Δ²/√6; 0 for few.

    Example:
        >>> unrest([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        0.0
    """
    late = scores[len(scores) // 2 :]
    bends = [late[i - 1] - 2 * late[i] + late[i + 1] for i in range(1, len(late) - 1)]
    if len(bends) < FEWEST_BENDS:
        return 0.0
    return math.sqrt(sum(bend**2 for bend in bends) / (6 * len(bends)))


def _costs(patient: Patient, split: str, count: int) -> tuple[Float[Tensor, " N"], float]:
    """−ELBO of each example, and the mean rate, nats."""
    examples = patient.examples(split).head(count)
    measure = patient.vae.likelihood.measure
    rate, found = bounds(patient.vae, examples, {measure: native})
    return -found[measure].elbo.double(), rate.mean().item()


def _unit(patient: Patient, scores: Sequence[tuple[float, float]]) -> float:
    """What a gain is large or small beside."""
    if patient.vae.lacks_evidence:
        return max(score for _, score in scores) - scores[0][1]
    return max(LEAST_RATE, patient.rows[-1]["validation_kl"])


def _short(value: str, patient: Patient, share: float, verdict: Verdict, more: int = MORE) -> Finding:
    sentence = (
        "validation was still rising: train for longer"
        if more == MORE
        else "so few steps hardly train anything: train for longer"
    )
    return Finding(
        "training",
        "undertraining",
        value,
        f"at most {GOOD_GAIN:g}, after {FEW_STEPS} steps",
        verdict,
        "",
        Advice(sentence, patient.commands.again(f"--epochs {more * (patient.epochs or 1)}")),
        share,
    )


def _when(patient: Patient) -> str:
    """When validation was best, where that was long before the end."""
    if patient.best_epoch is None or patient.epochs is None or patient.best_epoch > LAST * patient.epochs:
        return "the model knows its training examples better than new ones"
    return f"validation was best at epoch {patient.best_epoch} of {patient.epochs}, and that model was kept"


def _against_overfitting(patient: Patient) -> Advice:
    if (
        "size" in patient.commands.recipe_options
        and patient.options.get("size") in ("base", "small")
        and not patient.options.get("hidden")
    ):
        return Advice("a smaller network knows less by heart", patient.commands.again("--size tiny"))
    return Advice(
        "weight decay and fewer steps keep the network from it",
        patient.commands.again("--weight_decay 0.01 --patience 10"),
    )
