"""How much of each codebook is used."""

from typing import final

from vaekit.evaluation.perplexity import CodeUse, code_use
from vaekit.evaluation.report import Figure
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring
from vaekit.posteriors import QuantisedPosterior


@final
class Codes(Group):
    """Perplexity of every codebook."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """Latents that are codes."""
        if any(isinstance(posterior, QuantisedPosterior) for posterior in subject.vae.posteriors.values()):
            return None
        return "no perplexity: the latents are numbers, not codes of a codebook"

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """Nothing but the model and its data."""
        return ()

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Count the codes of the split."""
        return Result(tuple(_figures(code_use(subject.vae, subject.examples))))


def _figures(uses: tuple[CodeUse, ...]) -> list[Figure]:
    return [
        Figure(
            f"perplexity, {use.site}" + (f" {use.depth}" if any(u.depth > 1 for u in uses) else ""),
            use.perplexity,
            use.standard_error,
            "codes",
            f"of {use.codes}, {use.in_use} in use",
        )
        for use in uses
    ]


GROUP = Codes()
