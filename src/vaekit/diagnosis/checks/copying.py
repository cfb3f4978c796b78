"""Whether samples are examples learned by heart."""

from collections.abc import Sequence

import torch

from vaekit.core import Sequential
from vaekit.diagnosis.checks.leak import HELD_OUT
from vaekit.diagnosis.checks.thumbnails import Thumbnails
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.sets.memorisation import Memorisation, memorisation
from vaekit.noise import Noise, Shard
from vaekit.priors import NoPrior

SAMPLES, TRAINING = 1000, 10_000
BLOCK = 50
GOOD_COPIED, BAD_COPIED = 0.2, 0.5
"""Share of samples that are copies: c of them raise the share nearest to training from e to e + c (1 − e)."""


def copying(patient: Patient) -> Sequence[Finding]:
    """Test whether samples are nearer to training than to held-out examples.

    Means are smoother than data and nearer to everything, so that distances alone call every healthy model a
    copier. What cannot be explained so is a preference: held-out and training examples are exchangeable for a
    model that copies nothing, however smooth its pictures are.

    Raises:
        CapabilityError: if nothing can be sampled.
    """
    vae = patient.vae
    if isinstance(vae.latents.top, NoPrior):
        raise CapabilityError("this model has no prior yet, and draws nothing")
    thumbnails = Thumbnails(patient.train, patient.spec)
    held_out = thumbnails.of(patient.test, HELD_OUT)
    count = SAMPLES // 10 if isinstance(vae.likelihood, Sequential) else SAMPLES
    drawn: list[torch.Tensor] = []
    with torch.no_grad():
        for index in range(count // BLOCK):
            noise = Noise(patient.seed, ("copying",), (Shard(index, BLOCK),))
            drawn.append(thumbnails(vae.likelihood.centre(vae.generate(BLOCK, noise=noise))))
    found = memorisation(thumbnails.of(patient.train, TRAINING), held_out, torch.cat(drawn))
    copied = (found.share_training - found.expected_share) / (1 - found.expected_share)
    verdict: Verdict = "good"
    if found.copying and copied > GOOD_COPIED:
        verdict = "bad" if copied > BAD_COPIED else "unsure"
    return (
        Finding(
            "copying",
            "copying",
            _value(found, copied),
            f"at most {100 * GOOD_COPIED:.0f} % of samples",
            verdict,
            ""
            if verdict == "good"
            else "that many are nearer to a training example than chance lets new pictures be",
            None if verdict == "good" else _advice(patient),
            copied,
        ),
    )


def _value(found: Memorisation, copied: float) -> str:
    if not found.copying:
        return f"none that can be told (z {found.z_training:+.1f})"
    return f"{100 * max(0.0, copied):.0f} % of samples (z {found.z_training:+.1f})"


def _advice(patient: Patient) -> Advice:
    commands = patient.commands
    if (
        "size" in commands.recipe_options
        and patient.options.get("size") != "tiny"
        and not patient.options.get("hidden")
    ):
        return Advice("a smaller network cannot hold them all", commands.again("--size tiny"))
    return Advice("fewer steps leave less time to learn them by heart", commands.again("--patience 5"))
