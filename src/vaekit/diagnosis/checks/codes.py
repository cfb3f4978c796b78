"""Whether a codebook is used."""

from collections.abc import Sequence

from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.perplexity import CodeUse, code_use

GOOD_USE, BAD_USE = 0.25, 0.1
"""Perplexity over the number of codes."""


def codes(patient: Patient) -> Sequence[Finding]:
    """Read the perplexity of every codebook on the training split: rare codes need many examples to be met.

    Raises:
        CapabilityError: if there is no codebook.
    """
    found = code_use(patient.vae, patient.train.head(2000))
    if not found:
        raise CapabilityError("this model has no codebook")
    return tuple(_finding(use, len(found), patient) for use in found)


def _finding(use: CodeUse, books: int, patient: Patient) -> Finding:
    share = use.perplexity / use.codes
    verdict: Verdict = "good" if share >= GOOD_USE else "bad" if share < BAD_USE else "unsure"
    name = "code use" if books == 1 else f"code use, {use.site} {use.depth}"
    advice = None
    if verdict != "good":
        smaller = max(8, 2 ** round(use.perplexity).bit_length())
        if "codes" in patient.commands.recipe_options:
            command = patient.commands.again(f"--codes {min(smaller, use.codes // 2)}")
        else:
            command = patient.commands.anew("vq_vae", f"--codes {smaller}")
        advice = Advice("a codebook of the size that is used costs fewer nats for each code", command)
    return Finding(
        name,
        "dead codes",
        f"perplexity {use.perplexity:.0f} of {use.codes}, {use.in_use} met",
        f"at least {100 * GOOD_USE:.0f} % of the codes",
        verdict,
        "" if verdict == "good" else "most codes stand for nothing",
        advice,
        share,
    )
