"""Whether samples are copies of training examples."""

import math
from typing import final

import torch

from vaekit.errors import UserError
from vaekit.evaluation.report import Figure, digits
from vaekit.evaluation.sets import Memorisation, memorisation
from vaekit.evaluation.suite.drawing import Drawing, beside, lacks_prior, pictured, real_features, space_of
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring

NUMBERS = 2**28
"""Of training features that are held at once, 1 GB; in a space of long vectors they are of fewer examples."""


@final
class Memorising(Group):
    """The distances of samples and of held-out examples to the training set, compared by ranks."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """A prior, a training set, and examples outside it."""
        if subject.split == "train" or subject.data is None:
            return "held-out examples are compared with training examples: take --split test"
        return lacks_prior(subject)

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """The space itself, and how samples are drawn."""
        return (space_of(subject, settings).hash, settings.generated, settings.draws)

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Draw as many samples as there are held-out examples, at most `generated` of either."""
        space, train = space_of(subject, settings), subject.of("train")
        held_out = real_features(space, subject.examples, settings.generated)
        drawing = Drawing(subject, space, chunks, len(held_out), settings.draws)
        parts = []
        for part in range(drawing.parts):
            parts.append(drawing.part(0, part))
            progress((part + 1) / (drawing.parts + 2))
        most = max(1, NUMBERS // space.dimensions)
        known = real_features(space, train, most)
        try:
            found = memorisation(known, held_out, torch.cat(parts))
        except UserError as error:
            return Result((), (str(error),))
        sets = (
            f"{len(held_out)} samples, {pictured(subject, settings)}, and {len(held_out)} held-out examples"
        )
        notes = [f"{sets} against {len(known)} training examples; {space.describe()}"]
        if len(known) < len(train):
            notes.append(
                f"{len(train)} training examples are too many for so long vectors: some are left out"
            )
        return Result(tuple(_figures(found, f"in {beside(space)}")), tuple(notes))


def _figures(found: Memorisation, where: str) -> list[Figure]:
    verdict = (
        "this is copying" if found.copying else "copying shows as z < -3 and a share above what is expected"
    )
    if found.nearer and not found.copying:
        verdict = "nearer than new examples are, but to held-out ones as well: smooth, not copied"
    return [
        Figure("z, nearness to training", found.z, 1.0, "", f"Mann-Whitney, {where}", "", "", verdict),
        Figure(
            "share nearest to training",
            found.share_training,
            _error(found),
            "",
            where,
            "",
            "",
            f"without copying: {digits(found.expected_share)}; z of the difference: {found.z_training:.2f}",
        ),
    ]


def _error(found: Memorisation) -> float:
    """The standard error behind z_training."""
    difference = found.share_training - found.expected_share
    return abs(difference / found.z_training) if found.z_training else math.nan


GROUP = Memorising()
