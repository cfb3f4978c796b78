"""Whether held-out examples are what they claim to be: new, and not mirrored."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.data.batches import spaced_places
from vaekit.diagnosis.checks.thumbnails import Thumbnails
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.sets.distances import nearest, squared_distances

HELD_OUT, TRAINING, FOR_MIRRORS = 1000, 60_000, 15_000
"""Examples of a split that are looked for, and among which; a copy is found only beside its original."""
SAME = 0.1
"""Of the usual distance to the nearest neighbour: what is nearer is a copy, perhaps in another format."""
GOOD_EXCESS, BAD_EXCESS = 0.005, 0.02
"""Share of held-out examples that are copies, beyond the share within training."""
CERTAIN = 4.0
"""Standard errors: a false alarm in 30,000."""
TELLS = 0.2
"""Where more training pictures than this are nearer mirrored than as they are, mirroring changes nothing here."""
GOOD_MIRRORED, BAD_MIRRORED = 0.02, 0.1


def leak(patient: Patient) -> Sequence[Finding]:
    """Look for test and validation examples that stand in the training set, too.

    Data may repeat by nature: rows of a table, small binary pictures. So the share is compared with that of
    training examples that have a copy among the others.
    """
    thumbnails = Thumbnails(patient.train, patient.spec)
    training = thumbnails.of(patient.train, TRAINING)
    own = distances_to_others(training, HELD_OUT)
    usual = own.median().item()
    within = copies(own, usual)
    if patient.spec.is_image:
        mirrors = distances_to_others(
            training, HELD_OUT, lambda some: thumbnails.mirrored(some, patient.spec)
        )
        within |= copies(mirrors, usual)
    findings: list[Finding] = []
    for name, examples in (("test", patient.test), ("validation", patient.validation)):
        held_out = thumbnails.of(examples, HELD_OUT)
        found = copies(nearest(held_out, training)[0], usual)
        if patient.spec.is_image:
            # A mirrored copy is a copy.
            found |= copies(nearest(thumbnails.mirrored(held_out, patient.spec), training)[0], usual)
        findings.append(_leak(name, found, within, patient))
    return findings


def flips_in_validation(patient: Patient) -> Sequence[Finding]:
    """Ask of held-out pictures whether their mirror image is nearer to the training set than they are.

    Raises:
        CapabilityError: for other data, where training is mirrored, or where mirroring changes nothing.
    """
    if not patient.spec.is_image:
        raise CapabilityError("only pictures are mirrored")
    if patient.data.flip:
        raise CapabilityError(
            "training pictures are mirrored, too, so that either way round is as near to them"
        )
    thumbnails = Thumbnails(patient.train, patient.spec)
    training = thumbnails.of(patient.train, FOR_MIRRORS)
    own = distances_to_others(training, HELD_OUT)
    some = training[spaced_places(len(training), HELD_OUT)]
    usual = nearest(thumbnails.mirrored(some, patient.spec), training)[0] < own
    if usual.float().mean() > TELLS:
        raise CapabilityError("these pictures look the same mirrored: nobody could tell")
    findings: list[Finding] = []
    for name, examples in (("validation", patient.validation), ("test", patient.test)):
        pictures = thumbnails.of(examples, HELD_OUT)
        mirrored = thumbnails.mirrored(pictures, patient.spec)
        closer = nearest(mirrored, training)[0] < nearest(pictures, training)[0]
        findings.append(_mirrored(name, closer, usual, patient))
    return findings


def distances_to_others(
    x: Float[Tensor, "N F"], most: int, seen_as: Callable[[Tensor], Tensor] = lambda some: some
) -> Float[Tensor, " M"]:
    """The distance of some vectors, evenly spaced, to the nearest other one of the set.

    Args:
        x: the set.
        most: how many of it are asked about.
        seen_as: what is done to these before, as mirroring.
    """
    chosen = spaced_places(len(x), most)
    found: list[Tensor] = []
    for at, square in squared_distances(seen_as(x[chosen]), x):
        rows = torch.arange(len(square))
        square[rows, chosen[at : at + len(square)]] = torch.inf
        found.append(square.min(1).values)
    return torch.cat(found).sqrt()


def copies(distance: Float[Tensor, " N"], usual: float) -> Tensor:
    """Which of these distances are those of copies, (N,)."""
    return distance <= SAME * usual


def _leak(split: str, found: Tensor, within: Tensor, patient: Patient) -> Finding:
    share, usual = found.float().mean().item(), within.float().mean().item()
    excess, certain = _excess(found, within)
    verdict: Verdict = "good"
    if excess > GOOD_EXCESS and certain:
        verdict = "bad" if excess > BAD_EXCESS else "unsure"
    note = (
        f"{int(found.sum())} of {len(found)} {split} examples looked at have a copy in training"
        if excess > 0
        else ""
    )
    if verdict == "good" and usual > GOOD_EXCESS:
        note = "examples repeat in these data by nature"
    advice = Advice(
        "take the copies out of one of the two; vaekit data says what each split holds",
        patient.commands.looked_at(),
    )
    return Finding(
        f"copies in {split}",
        "leak",
        f"{100 * share:.1f} %",
        f"at most {100 * GOOD_EXCESS:g} % more than the {100 * usual:.1f} % within training",
        verdict,
        note,
        None if verdict == "good" else advice,
        excess,
    )


def _mirrored(split: str, found: Tensor, usual: Tensor, patient: Patient) -> Finding:
    share, expected = found.float().mean().item(), usual.float().mean().item()
    excess, certain = _excess(found, usual)
    verdict: Verdict = "good"
    if excess > GOOD_MIRRORED and certain:
        verdict = "bad" if excess > BAD_MIRRORED else "unsure"
    advice = Advice(
        "mirror training pictures only: vaekit does so itself, and leaves the other splits as they are",
        patient.commands.again("--flip true"),
    )
    return Finding(
        f"mirrored in {split}",
        "flips in validation",
        f"{100 * share:.1f} % nearer to training when mirrored",
        f"at most {100 * GOOD_MIRRORED:g} % more than the {100 * expected:.1f} % of training",
        verdict,
        "" if verdict == "good" else f"the {split} split was mirrored, and scores pictures that do not occur",
        None if verdict == "good" else advice,
        excess,
    )


def _excess(found: Tensor, usual: Tensor) -> tuple[float, bool]:
    """How much larger the share of `found` is, and whether that is beyond chance."""
    share, expected = found.double().mean().item(), usual.double().mean().item()
    pooled = torch.cat([found, usual]).double().mean().item()
    error = math.sqrt(pooled * (1 - pooled) * (1 / len(found) + 1 / len(usual)))
    return share - expected, share - expected > CERTAIN * error > 0
