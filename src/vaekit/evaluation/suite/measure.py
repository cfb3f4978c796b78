"""Measure groups of metrics, each once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError
from vaekit.evaluation.report import Evaluation, Figure, noted
from vaekit.evaluation.suite.group import Fact, Group, Result
from vaekit.evaluation.suite.journal import Journal
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring
from vaekit.spec import DataSpec

Facts = tuple[Fact, ...]
SPOKEN = ("bounds", "pictures")
"""Groups whose absence is always told."""


@cache
def code_digest() -> str:
    """A SHA-256 over the code that measures: what other code measured is measured anew."""
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def group_of(name: str) -> Group:
    """The group of that name; its module is imported when it is first used, as features and factors are dear."""
    return cast(Group, import_module(f"vaekit.evaluation.suite.{name}").GROUP)


@torch.no_grad()
def evaluate(
    vae: VAE,
    examples: Examples,
    spec: DataSpec,
    split: str = "test",
    importance_samples: int = 500,
    blocks: int = 2,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Evaluation:
    """Score a split: −ELBO and its parts, IWAE, in nats and bits/dim; how close reconstructions come; codes in use.

    Args:
        vae: the model, put into evaluation mode.
        examples: the split.
        spec: of the data.
        split: its name.
        importance_samples: K of the IWAE bound.
        blocks: blocks of examples decoded at once; changes no result beyond rounding.
        progress: told the fraction done.

    Source: IWAE: Burda et al. 2016, equation 8. PSNR = −10 log₁₀ MSE for x in [0, 1], averaged over examples.
    """

    def show(group: str, fraction: float) -> None:
        if group == "bounds":
            progress(fraction)

    settings = Measuring(importance_samples=importance_samples, blocks=blocks)
    return measure(
        Subject(vae, examples, spec, split), ("bounds", "pictures", "codes"), settings, progress=show
    )


@torch.no_grad()
def measure(
    subject: Subject,
    groups: Sequence[str],
    settings: Measuring = Measuring(),  # noqa: B008 (frozen)
    journal: Journal | None = None,
    asked: bool = False,
    progress: Callable[[str, float], None] = lambda group, fraction: None,
    say: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Measure groups of metrics of one model on one split.

    Args:
        subject: the model, put into evaluation mode, and its split.
        groups: names of `vaekit.metrics.METRICS`.
        settings: how to measure.
        journal: what was measured already, and where to keep what is; default: nowhere.
        asked: whether a person named the groups, and should be told of each that has nothing to say.
        progress: told the group and the fraction of it that is done.
        say: told which groups were measured already.
    """
    subject.vae.eval()
    kept = Journal() if journal is None else journal
    figures: list[Figure] = []
    notes: list[tuple[str, str]] = []
    known: list[str] = []
    planned: list[tuple[str, Group, Facts]] = []
    for name in groups:
        group = group_of(name)
        if why := group.lacks(subject, settings):
            notes += [(name, why)] if asked or name in SPOKEN else []
        else:
            # A feature space that cannot be opened is told before anything dear is measured.
            planned.append((name, group, _facts(group, subject, settings)))
    for name, group, facts in planned:
        try:
            result, again = _once(name, group, facts, subject, settings, kept, progress)
        except CapabilityError as error:
            notes.append((name, str(error)))
            continue
        known += [name] if again else []
        figures += result.figures
        notes += [(name, note) for note in result.notes]
    if known:
        say(f"measured earlier, and the same still: {', '.join(known)} (--fresh measures anew)")
    return Evaluation(
        subject.split,
        len(subject.examples),
        draws_of(subject, settings) if "bounds" in groups else 1,
        tuple(figures),
        noted(sorted(notes, key=lambda note: [*groups].index(note[0]))),
        subject.key,
    )


def draws_of(subject: Subject, settings: Measuring) -> int:
    """K; 1 where every draw from q is the same, or where there is nothing to bound."""
    alone = subject.vae.deterministic or subject.vae.lacks_evidence is not None
    return 1 if alone else settings.importance_samples


def _facts(group: Group, subject: Subject, settings: Measuring) -> Facts:
    """All that a group's figures depend on."""
    return (subject.key, code_digest(), torch.__version__, *group.depends_on(subject, settings))


def _once(
    name: str,
    group: Group,
    facts: Facts,
    subject: Subject,
    settings: Measuring,
    journal: Journal,
    progress: Callable[[str, float], None],
) -> tuple[Result, bool]:
    """A group's result, and whether it was known."""
    if (found := journal.kept(name, facts)) is not None:
        return _result(found), True
    with journal.chunks(name, facts) as chunks:
        result = group.measure(subject, settings, chunks, lambda fraction: progress(name, fraction))
    result = Result(tuple(replace(figure, group=name) for figure in result.figures), result.notes)
    journal.keep(name, facts, {"figures": [f.facts() for f in result.figures], "notes": list(result.notes)})
    return result, False


def _result(found: Mapping[str, Any]) -> Result:
    return Result(tuple(Figure.of_facts(facts) for facts in found["figures"]), tuple(found["notes"]))
