"""How well latent dimensions and known factors of variation correspond."""

from typing import final

import numpy as np

from vaekit.errors import UserError
from vaekit.evaluation.factors import Disentanglement, Score, disentanglement
from vaekit.evaluation.factors.every import MOST_EXAMPLES
from vaekit.evaluation.report import Figure
from vaekit.evaluation.suite.encoding import MOST_NUMBERS, code_table
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.latents import CodeLatents
from vaekit.metrics import Measuring


@final
class Factors(Group):
    """Disentanglement, where factors are known."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """Known factors, and latents that are numbers."""
        held = subject.held(subject.split)
        if subject.data is None or held is None or held.factors is None:
            return "no factors of variation are known of these data; of the data set sprites five are"
        if isinstance(subject.vae.latents, CodeLatents):
            return "no disentanglement: the latents are codes of a codebook, and have no dimensions"
        return None

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """The factors, which the data's fingerprint may not hold."""
        held = subject.held(subject.split)
        names = () if subject.data is None else subject.data.factor_names
        return (*names, 0.0 if held is None or held.factors is None else float(np.sum(held.factors)))

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Hold means of q against factors."""
        held = subject.held(subject.split)
        if subject.data is None or held is None or held.factors is None:
            return Result(())
        codes, places = code_table(subject.vae, subject.examples, MOST_EXAMPLES)
        if codes.shape[1] > MOST_NUMBERS:
            return Result((), (f"no disentanglement: a code of {codes.shape[1]} numbers is too long for it",))
        names = subject.data.factor_names
        try:
            found = disentanglement(codes, held.factors[places], names, subject.seed, progress)
        except UserError as error:
            return Result((), (str(error),))
        left = f"the same in all these examples, and left out: {', '.join(found.left_out)}"
        return Result(tuple(_figures(found)), (left,) if found.left_out else ())


def _figures(found: Disentanglement) -> list[Figure]:
    of = f"means of q(z|x), {', '.join(found.factors)}"
    guess, half = f"guessing: {1 / len(found.factors):.4f}", "guessing: 0.5000"
    rows: list[tuple[str, Score, str]] = [
        ("MIG", found.mig, "from 0 to 1, one dimension for each factor"),
        ("DCI disentanglement", found.dci.disentanglement, ""),
        ("DCI completeness", found.dci.completeness, ""),
        ("DCI informativeness", found.dci.informativeness, f"guessing: {found.dci.chance:.4f}"),
        ("SAP", found.sap, ""),
        ("FactorVAE score", found.factor_vae, guess),
        ("modularity", found.modularity, ""),
        ("explicitness", found.explicitness, half),
    ]
    return [
        Figure(name, score.value, score.standard_error, "", of, "", "", reference)
        for name, score, reference in rows
    ]


GROUP = Factors()
