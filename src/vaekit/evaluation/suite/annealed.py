"""Annealed importance sampling: a tighter bound of some examples, and how tight it is where truth is known."""

from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from vaekit.data.batches import BLOCK
from vaekit.errors import CapabilityError
from vaekit.evaluation.annealed import AnnealedBound, Bracket, annealed_bound, bracket
from vaekit.evaluation.annealing import Annealing, check_annealable
from vaekit.evaluation.bounds import bounds
from vaekit.evaluation.measures import measures_for
from vaekit.evaluation.report import Figure, figure_of
from vaekit.evaluation.suite.bounds import median_of
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks, Tensors
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring

SIMULATED = 50
"""Most examples that are simulated for the bracket."""


@final
class Annealed(Group):
    """An AIS bound of the first test examples beside their IWAE, and a bracket on simulated ones."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """A likelihood, and posteriors with a density."""
        try:
            check_annealable(subject.vae)
        except CapabilityError as error:
            return str(error)
        return None

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """How the chains go, and K of the bound beside."""
        asked = (settings.annealed_examples, settings.importance_samples)
        return (*asked, settings.chains, settings.temperatures, settings.leapfrogs)

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Anneal a block of examples at a time, then the simulated ones."""
        vae, seed = subject.vae, subject.seed
        options = Annealing(settings.chains, settings.temperatures, steps=settings.leapfrogs)
        examples = subject.examples.head(settings.annealed_examples)
        _, first, noise = next(examples.in_order(1))
        name, measure = next(
            iter(measures_for(vae.likelihood, vae.trace(first, noise=noise).likelihood, subject.spec).items())
        )
        parts = -(-len(examples) // BLOCK)

        def anneal(part: int) -> Tensors:
            share = examples.share(part, parts)
            found = annealed_bound(
                vae, share, measure, options, seed, lambda f: progress((part + f) / (parts + 2))
            )
            _, importance = bounds(vae, share, {name: measure}, settings.importance_samples)
            return {
                "log_weights": found.log_weights,
                "acceptance": found.acceptance,
                "iwae": importance[name].iwae,
            }

        def simulate() -> Tensors:
            count = max(2, min(SIMULATED, len(examples)))
            told = bracket(
                vae, subject.spec, count, options, seed, lambda f: progress((parts + 2 * f) / (parts + 2))
            )
            # JSON and tensors have no words: the measure's name is kept as its bytes.
            words = torch.tensor(list(told.measure.encode()), dtype=torch.uint8)
            return {"forward": told.forward, "reverse": told.reverse, "measure": words}

        found = [chunks.get(part, lambda part=part: anneal(part)) for part in range(parts)]
        known = chunks.get(parts, simulate)
        annealed = AnnealedBound(
            torch.cat([tensors["log_weights"] for tensors in found], -1),
            torch.cat([tensors["acceptance"] for tensors in found]),
            options,
        )
        told = Bracket(known["forward"], known["reverse"], bytes(known["measure"].tolist()).decode(), options)
        iwae = torch.cat([tensors["iwae"] for tensors in found])
        return Result((*_figures(annealed, iwae, name, settings), *_bracket_figures(told)))


def _figures(annealed: AnnealedBound, iwae: Tensor, measure: str, settings: Measuring) -> list[Figure]:
    count = len(iwae)
    gain = figure_of("AIS over IWAE", annealed.bound - iwae, measure=measure)
    acceptance = figure_of("acceptance", annealed.acceptance, "", "of Hamiltonian proposals")
    return [
        replace(
            figure_of("-log p(x), AIS", -annealed.bound, measure=measure, bound="≤"),
            reference=f"first {count} examples, {settings.chains} chains, {settings.temperatures} temperatures; "
            f"IWAE-{settings.importance_samples} of them: {-iwae.double().mean().item():.4f}",
        ),
        gain,
        Figure("ESS, median", *median_of(annealed.ess), "chains", f"of {settings.chains}, AIS"),
        replace(acceptance, reference="between 0.4 and 0.9 chains move well"),
    ]


def _bracket_figures(told: Bracket) -> list[Figure]:
    reference = (
        f"{told.forward.shape[1]} examples that the model drew, whose -log p(x) lies between on average: how "
        "tight annealing is"
    )
    below, above, gap = told.figures()
    return [
        replace(below, name="simulated x, AIS"),
        replace(above, name="simulated x, reverse AIS"),
        replace(gap, name="simulated x, bracket", reference=reference),
    ]


GROUP = Annealed()
