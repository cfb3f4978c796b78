"""Bounds of the evidence, chunk by chunk, and how far their importance weights can be trusted."""

import math
from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from vaekit.data.batches import BLOCK, Examples
from vaekit.evaluation.bounds import Bound, bounds
from vaekit.evaluation.measures import MASS_BOUND, measures_for
from vaekit.evaluation.report import Figure, figure_of
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks, Tensors
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring
from vaekit.spec import DataSpec

FEW = 10
"""Effective samples below which one draw or two carry an example's estimate."""
SATURATED = 0.25
"""Nats above which the guess of the bias is no guess."""
PARTIAL = (
    "values are missing: nats are those of the {:.1%} that were observed, bits/dim are per observed value"
)
CONDITIONAL = "every example was told its condition: nats are those of x given that, -log p(x | c)"
PARTS = ("distortion", "elbo", "iwae", "ess")
"""What is kept of a bound."""


@final
class Bounds(Group):
    """−ELBO, rate, distortion and IWAE of a split."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """A likelihood of x and a posterior with a density."""
        why = subject.vae.lacks_evidence
        return None if why is None else f"no likelihood of x, hence no nats and no bits/dim: {why}"

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """K, and how many examples are decoded at once, to the last bit."""
        return (settings.importance_samples, settings.blocks)

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Score the split, `blocks` blocks of examples at a time."""
        vae, examples, spec = subject.vae, subject.examples, subject.spec
        draws = 1 if vae.deterministic else settings.importance_samples  # all of them would be the same
        _, first, noise = next(examples.in_order(1))
        measures = measures_for(vae.likelihood, vae.trace(first, noise=noise).likelihood, spec)
        parts = -(-len(examples) // (settings.blocks * BLOCK))

        def score(part: int) -> Tensors:
            # Shares of whole blocks keep the noise that they have in the split.
            rate, found = bounds(vae, examples.share(part, parts), measures, draws, settings.blocks)
            return {"rate": rate} | {
                f"{measure}/{name}": getattr(bound, name)
                for measure, bound in found.items()
                for name in PARTS
            }

        found: list[Tensors] = []
        for part in range(parts):
            found.append(chunks.get(part, lambda part=part: score(part)))
            progress((part + 1) / parts)
        joined = {name: torch.cat([tensors[name] for tensors in found]) for name in found[0]}
        figures: list[Figure] = []
        observed = observed_share(examples)
        for measure in measures:
            bound = Bound(*(joined[f"{measure}/{name}"] for name in PARTS))
            figures += bound_figures(spec, measure, bound, draws, observed)
        notes = () if observed == 1 else (PARTIAL.format(observed),)
        if vae.conditioning is not None:
            notes = (*notes, CONDITIONAL)
        return Result((*figures, figure_of("rate (KL)", joined["rate"])), notes)


def observed_share(examples: Examples) -> float:
    """The share of the values of a split that are not missing; 1 of values without NaN."""
    values = examples.values
    if not isinstance(values, Tensor) or not values.is_floating_point():
        return 1.0
    return 1 - sum(int(part.isnan().sum()) for part in values.split(1000)) / values.numel()


def bound_figures(
    spec: DataSpec, measure: str, bound: Bound, importance_samples: int, observed: float = 1.0
) -> list[Figure]:
    """The figures of one measure, nats and bits per observed value, and of IWAE how many of its draws count."""
    sign = "≤" if measure == MASS_BOUND else ""
    iwae, figures = f"IWAE-{importance_samples}", list[Figure]()
    several = importance_samples > 1
    rows = [
        ("-ELBO", -bound.elbo),
        *([(iwae, -bound.iwae)] if several else []),
        ("distortion", bound.distortion),
    ]
    for name, values in rows:
        nats = figure_of(name, values, measure=measure, bound=sign)
        bits = spec.bits_per_dimension(1.0) / observed
        figures.append(nats)
        figures.append(Figure(name, nats.value * bits, nats.standard_error * bits, "bits/dim", measure, sign))
    return figures + (_trust(measure, bound, importance_samples) if several else [])


def _trust(measure: str, bound: Bound, importance_samples: int) -> list[Figure]:
    """How many of the draws carry the importance-weighted bound."""
    few = figure_of(f"ESS < {FEW}", (bound.ess < FEW).double(), "", f"share of examples, {measure}")
    bias = bound.iwae_bias(importance_samples).double().mean().item()
    below = f"its weights put that bound about {bias:.2f} nats below log p(x)"
    return [
        Figure("ESS, median", *median_of(bound.ess), "draws", f"of {importance_samples}, {measure}"),
        replace(few, reference=below if bias < SATURATED else f"{below}, or more: too few of them count"),
    ]


def median_of(values: Tensor) -> tuple[float, float]:
    """The median, and its standard error from the order statistics ½N ± ½√N.

    Example:
        >>> value, error = median_of(torch.arange(100.0))
        >>> value, error
        (49.5, 5.0)
    """
    ordered = values.double().sort().values
    count = len(ordered)
    if count < 2:
        return ordered[0].item(), math.nan
    reach = math.sqrt(count) / 2
    low, high = max(0, round(count / 2 - reach)), min(count - 1, round(count / 2 + reach))
    return ordered.quantile(0.5).item(), (ordered[high] - ordered[low]).item() / 2


GROUP = Bounds()
