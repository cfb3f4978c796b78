"""How samples compare with examples in a named feature space."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import final

import torch

from vaekit.core import Sequential
from vaekit.errors import UserError
from vaekit.evaluation.report import Figure, digits
from vaekit.evaluation.sets import Measured, SetComparison, compare_sets
from vaekit.evaluation.suite.drawing import Drawing, beside, lacks_prior, pictured, real_features, space_of
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.features.space import FeatureSpace
from vaekit.metrics import Measuring


@final
class Samples(Group):
    """Fréchet and kernel distance, precision, recall, density and coverage."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """A feature space with a name, and a prior."""
        if settings.features is None:
            return "they mean nothing without a named feature space: vaekit features DATA makes one, for --features"
        return lacks_prior(subject)

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """The space itself, and how samples are drawn."""
        space = space_of(subject, settings)
        return (
            space.describe(),
            space.hash,
            settings.generated,
            settings.neighbours,
            settings.draws,
            settings.seeds,
        )

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Draw as many samples as there are examples, at most `generated` of either."""
        space = space_of(subject, settings)
        real = real_features(space, subject.examples, settings.generated)
        train = subject.train if subject.split != "train" else None
        known = None if train is None else real_features(space, train, len(real))
        drawing = Drawing(subject, space, chunks, len(real), settings.draws)
        done = settings.seeds * (drawing.parts + 1) + 1
        found: list[SetComparison] = []
        try:
            for number in range(settings.seeds):
                parts = []
                for part in range(drawing.parts):
                    parts.append(drawing.part(number, part))
                    progress((number * (drawing.parts + 1) + part + 1) / done)
                found.append(compare_sets(real, torch.cat(parts), settings.neighbours, number))
            floor = None if known is None else compare_sets(real, known, settings.neighbours)
        except UserError as error:
            return Result((), (str(error),))
        notes = [
            f"{len(real)} samples, {pictured(subject, settings)}, against {len(real)} examples; {space.describe()}",
            *found[0].notes,
        ]
        sequential = isinstance(subject.vae.likelihood, Sequential)
        if subject.spec.levels == 2 and not settings.draws and not sequential:
            notes.append(
                "means of p(x|z) are grey where the data are black and white: --draws true draws from it"
            )
        return Result(tuple(_figures(found, floor, space, settings.neighbours)), tuple(notes))


def _figures(
    found: Sequence[SetComparison], floor: SetComparison | None, space: FeatureSpace, k: int
) -> list[Figure]:
    first = found[0]
    balls = f"{k} nearest neighbours"
    rows: list[tuple[str, Callable[[SetComparison], Measured], str, str]] = [
        (space.frechet_name, lambda c: c.frechet, "", f"a perfect generator: {digits(first.frechet_floor)}"),
        ("kernel distance", lambda c: c.kernel, "cubic kernel", "a perfect generator: 0"),
        ("precision", lambda c: c.precision, balls, ""),
        ("recall", lambda c: c.recall, balls, ""),
        ("density", lambda c: c.density, balls, "a perfect generator: 1"),
        ("coverage", lambda c: c.coverage, balls, f"a perfect generator: {digits(first.expected_coverage)}"),
    ]
    figures: list[Figure] = []
    for name, read, how, perfect in rows:
        values = [read(each).value for each in found]
        errors = [read(each).standard_error for each in found]
        # The real examples are the same in every set: what they add to the error does not fall with more sets.
        error = math.sqrt(fmean(e * e for e in errors))
        parts = [perfect] if perfect else []
        if floor is not None:
            parts.append(f"training examples in place of samples: {digits(read(floor).value)}")
        if len(found) > 1:
            parts.append(f"{len(found)} sets of samples: {digits(min(values))} to {digits(max(values))}")
        where = f"in {beside(space)}" + (f"; {how}" if how else "")
        figures.append(Figure(name, fmean(values), error, "", where, "", "", "; ".join(parts)))
    return figures


GROUP = Samples()
