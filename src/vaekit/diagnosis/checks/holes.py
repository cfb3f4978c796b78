"""Holes: codes of the prior where no example is encoded, jumps between codes, and codes that do not come back."""

from collections.abc import Sequence

from vaekit.diagnosis.checks.aggregate import better_prior
from vaekit.diagnosis.finding import Advice, Finding
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.holes import HoleOptions
from vaekit.evaluation.holes import holes as find_holes
from vaekit.evaluation.holes.both import BAD_DENSITY, BAD_ROUND_TRIP, Reading
from vaekit.evaluation.holes.decoder import DecoderHoles
from vaekit.priors import NoPrior

SAMPLES, PATHS = 2000, 200
GOOD_STEP, BAD_STEP = 4.0, 8.0
"""Steepest step between codes, in units of the fence at codes. A smooth decoder passes the fence often where
latents are many, since neighbours differ less than strangers, but never by much; a tear in it does."""


def holes(patient: Patient) -> Sequence[Finding]:
    """Read the three measures of `vaekit holes`, under the model's own prior.

    Raises:
        CapabilityError: if the model has no prior, or codes between which there is nothing.
    """
    if isinstance(patient.vae.latents.top, NoPrior):
        raise CapabilityError("this model has no prior yet, whose codes could lie in holes")
    options = HoleOptions(SAMPLES, PATHS, seed=patient.seed)
    found = find_holes(patient.vae, patient.train, patient.several_tests, options)
    density, decoder, trip = found.density, found.decoder, found.round_trip
    return (
        _finding(
            "density holes",
            f"{100 * density.rate:.1f} ± {100 * density.standard_error:.1f} %",
            f"1 %, at most {100 * BAD_DENSITY:g} %",
            found.density_reading,
            density.rate,
            "so many of the prior's codes lie where no example is encoded",
            better_prior(patient),
        ),
        _tear(decoder, patient),
        _finding(
            "round trip",
            f"{trip.ratio:.2f} ± {trip.standard_error:.2f}",
            f"1, at most {BAD_ROUND_TRIP:g}",
            found.round_trip_reading,
            trip.ratio,
            "a code of the prior comes back so many times as far off as an example's",
            better_prior(patient),
        ),
    )


def _tear(decoder: DecoderHoles, patient: Patient) -> Finding:
    steepest = (decoder.jump.max() / decoder.fence).item() if decoder.fence > 0 else 0.0
    verdict: Reading = "good" if steepest <= GOOD_STEP else "bad" if steepest > BAD_STEP else "unsure"
    return _finding(
        "decoder holes",
        f"steepest step {steepest:.1f} fences, {100 * decoder.rate:.1f} % above one",
        f"at most {GOOD_STEP:g}",
        verdict,
        steepest,
        "between two codes the picture jumps",
        _smoother(patient),
    )


def _finding(
    measure: str,
    value: str,
    reference: str,
    verdict: Reading,
    number: float,
    note: str,
    advice: Advice | None,
) -> Finding:
    ill = verdict != "good"
    return Finding(
        measure, "hole", value, reference, verdict, note if ill else "", advice if ill else None, number
    )


def _smoother(patient: Patient) -> Advice:
    commands = patient.commands
    beta = patient.options.get("beta")
    sentence = (
        "a larger weight of the KL widens the posteriors, and the decoder learns what lies between codes"
    )
    if "beta" in commands.recipe_options and isinstance(beta, float | int):
        return Advice(sentence, commands.again(f"--beta {max(1.0, 2 * beta):g}"))
    return Advice(sentence, commands.anew("beta_vae", "--beta 2"))
