"""How much of the bound is lost because q is not the exact posterior."""

from collections.abc import Sequence

from vaekit.core import Sequential
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.bounds import bounds
from vaekit.evaluation.measures import DENSITY, measures_for

EXAMPLES = 200
SAMPLES = 1000
VALUES = 200_000_000
"""Values decoded at most, which sets the number of samples for large examples."""
GOOD_GAP, BAD_GAP = 0.03, 0.08
"""Of −log p(x). Amortised Gaussian posteriors lose a few percent on images: that is usual, and no illness."""
LEAST_RATE = 2.0
"""Nats: beside the rate of a collapsed model every gap is large."""
BAD_SHARE = 0.4
"""Of the rate, for densities, whose own zero means nothing."""


def posterior(patient: Patient) -> Sequence[Finding]:
    """Estimate IWAE − ELBO on test examples, in the mass where there is one.

    Raises:
        CapabilityError: if no evidence is bounded, or every draw of q is the same.
    """
    vae = patient.vae
    if vae.lacks_evidence:
        raise CapabilityError(vae.lacks_evidence)
    if vae.deterministic:
        raise CapabilityError(
            "every draw from q is the same, so that more of them bound nothing more tightly"
        )
    examples = patient.several_tests.head(EXAMPLES)
    dear = 20 if isinstance(vae.likelihood, Sequential) else 1
    samples = max(10, min(SAMPLES, VALUES // (len(examples) * patient.spec.dimensions * dear)))
    _, x, noise = next(examples.in_order(1))
    known = measures_for(vae.likelihood, vae.trace(x, noise=noise).likelihood, patient.spec)
    name = next(iter(known))
    rate, found = bounds(vae, examples, {name: known[name]}, samples)
    bound = found[name]
    gap = (bound.iwae - bound.elbo).double()
    mean, error = gap.mean().item(), gap.std().item() / len(gap) ** 0.5
    whole = max(LEAST_RATE, rate.mean().item()) if name == DENSITY else -bound.iwae.mean().item()
    good, bad = (BAD_SHARE / 2, BAD_SHARE) if name == DENSITY else (GOOD_GAP, BAD_GAP)
    of = "of the rate" if name == DENSITY else "of -log p(x)"
    share = mean / whole if whole > 0 else 0.0
    verdict: Verdict = "good"
    if share > good:
        verdict = "bad" if (mean - 2 * error) / whole > bad else "unsure"
    return (
        Finding(
            "inference gap",
            "weak posterior",
            f"at least {mean:.2f} ± {error:.2f} nats, {100 * share:.1f} % {of}",
            f"at most {100 * good:.1f} % {of}",
            verdict,
            "" if verdict == "good" else f"IWAE-{samples} lies so far above the ELBO",
            None if verdict == "good" else _advice(patient),
            share,
        ),
    )


def _advice(patient: Patient) -> Advice:
    commands = patient.commands
    if "posterior" in commands.recipe_options and patient.options.get("posterior", "diagonal") == "diagonal":
        without_free_bits = " --free_bits 0" if patient.options.get("free_bits") else ""
        return Advice(
            "a posterior with full covariance lies nearer to the exact one",
            commands.again(f"--posterior full_covariance{without_free_bits}"),
        )
    sentence, samples = "the importance-weighted bound asks less of q", patient.options.get("samples")
    if commands.recipe == "iwae" and isinstance(samples, int):
        return Advice(f"{sentence} the more draws it has", commands.again(f"--samples {4 * samples}"))
    return Advice(sentence, commands.anew("iwae"))
