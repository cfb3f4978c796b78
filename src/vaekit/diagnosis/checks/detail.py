"""Why pictures look blurred: how strong edges and fine detail of reconstructions are."""

from collections.abc import Sequence

import torch

from vaekit.core import Sequential
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.latent_use import spaced
from vaekit.evaluation.spectrum import HIGH, SMALLEST_SIDE, details, energies, sharpness
from vaekit.likelihoods import SolvedBands, SolvedGaussian
from vaekit.likelihoods.bands import has_bands

EXAMPLES = 500
BLURRED = 0.3
GOOD_POWER, BAD_POWER = 0.5, 0.1


def detail(patient: Patient) -> Sequence[Finding]:
    """Read sharpness and high-frequency power of reconstructions of test images.

    Raises:
        CapabilityError: for data that are no images of 16 pixels, or a decoder whose pictures are draws.
    """
    spec = patient.spec
    if not spec.is_image or min(spec.shape[1:]) < SMALLEST_SIDE:
        raise CapabilityError(f"sharpness is for images of at least {SMALLEST_SIDE} pixels")
    if isinstance(patient.vae.likelihood, Sequential):
        raise CapabilityError("the picture of a likelihood that draws value by value is a draw, not a mean")
    x = spaced(patient.test, EXAMPLES)
    with torch.no_grad():
        y = torch.cat([patient.vae.reconstruct(part) for part in x.split(100)])
    (high,) = details([energies(x, y, (HIGH,))], (HIGH,))
    edges = sharpness(y, x)
    findings = [_finding("sharpness", edges, "of the variance of edges", BLURRED, BLURRED / 2, patient)]
    if bool(high.image.any()):
        power = high.power[0]
        findings.append(
            _finding(
                "fine detail", power, "of the power above 0.25 cycles/pixel", GOOD_POWER, BAD_POWER, patient
            )
        )
    return findings


def _finding(measure: str, value: float, of: str, good: float, bad: float, patient: Patient) -> Finding:
    verdict: Verdict = "good" if value >= good else "bad" if value < bad else "unsure"
    note = "" if verdict == "good" else "means over what z leaves open are smoother than data"
    advice = None if verdict == "good" else _advice(patient)
    return Finding(measure, "blur", f"{value:.2f} {of}", f"at least {good:g}", verdict, note, advice, value)


def _advice(patient: Patient) -> Advice:
    commands, options = patient.commands, patient.options
    bands = isinstance(patient.vae.likelihood, SolvedBands)
    if has_bands(patient.spec) and patient.spec.levels != 2 and not bands:
        if "sigma" in commands.recipe_options and isinstance(patient.vae.likelihood, SolvedGaussian):
            return Advice(
                "a sigma for each band of frequency makes fine detail count", commands.again("--sigma dct")
            )
        return Advice(
            "a sigma for each band of frequency makes fine detail count", commands.anew("photo_vae")
        )
    latents = options.get("latents")
    if isinstance(latents, int) and "latents" in commands.recipe_options:
        return Advice("more dimensions leave less open", commands.again(f"--latents {2 * latents}"))
    if "size" in commands.recipe_options and options.get("size") != "base" and not options.get("hidden"):
        return Advice("a wider network draws finer", commands.again("--size base"))
    if "latents" in commands.recipe_options:
        dimensions = sum(patient.vae.latents.sites.values())
        return Advice("more dimensions leave less open", commands.again(f"--latents {2 * dimensions}"))
    return Advice("a network draws finer than a linear model", commands.anew("vae"))
