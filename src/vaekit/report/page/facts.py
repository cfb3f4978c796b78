"""Sections in words and numbers: the headline, the model, the doctor, the figures, and how to repeat it."""

import inspect
from collections.abc import Sequence

from markupsafe import Markup
from torch.nn import Module

from vaekit.evaluation.report import Evaluation, Figure, digits, shown
from vaekit.priors import NoPrior
from vaekit.recipes.table import find, parameters_of
from vaekit.report.page.blocks import Block, Cell, Code, Facts, Missing, Numbers, Section, Table, Words
from vaekit.report.page.mathematics import typeset
from vaekit.report.page.subject import Subject

FIRST = ("-ELBO", "IWAE", "rate", "MSE", "PSNR", "perplexity", "explained", "active units")
"""Figures of the headline, by how their names begin; the first four that there are."""
VERDICTS = {"good": "good", "unsure": "unsure", "bad": "needs work", "unread": "not read"}
MARKS = {"good": "✓", "unsure": "?", "bad": "✗", "unread": "–"}


def headline(subject: Subject) -> Section:
    """What was trained on what, what the doctor says, and four figures."""
    data, spec = subject.data, subject.spec
    kind = "values" if len(spec.shape) == 1 else "pixels"
    levels = "" if spec.levels is None else f" in {spec.levels} levels"
    trained = "solved in closed form" if subject.epochs is None else f"trained for {_epochs(subject)}"
    sentence = (
        f"{subject.recipe}, {trained} on {data.name}: {len(data.train):,} examples of "
        f"{'×'.join(map(str, spec.shape))} {kind}{levels}; {len(data.test):,} held out for the figures."
    )
    blocks: list[Block] = [Words(sentence)]
    if subject.diagnosis is not None:
        blocks.append(Words(doctors_sentence(subject)))
    evaluation = subject.figures_of()
    if evaluation is not None:
        blocks.append(Numbers(_cards(evaluation)))
    return Section("headline", "In short", blocks)


def _epochs(subject: Subject) -> str:
    if not subject.rows:
        return f"{subject.epochs} epochs"
    last = subject.rows[-1].get("epoch", subject.epochs or 0)
    return f"{last:g} epoch" + ("s" if last != 1 else "")


def doctors_sentence(subject: Subject) -> Markup:
    """The doctor's headline, with its verdict."""
    if subject.diagnosis is None:
        return Markup("")
    _, _, rest = subject.diagnosis.headline().rpartition(f"{subject.diagnosis.run}: ")
    tone = "bad" if subject.diagnosis.bad else "good"
    return Markup('<span class="badge {}">{} The doctor</span> {}.').format(
        tone, MARKS[tone], rest[:1].upper() + rest[1:]
    )


def _cards(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    chosen: list[Figure] = []
    for start in FIRST:
        found = [f for f in evaluation.figures if f.name.startswith(start) and f.unit != "bits/dim"]
        chosen += found[:1]
    chosen += [f for f in evaluation.figures if f not in chosen and f.unit != "bits/dim"][
        : max(0, 3 - len(chosen))
    ]
    return [(minus(f.name), f"{_short(f.value)} {f.unit}".strip(), f.measure) for f in chosen[:4]]


def _short(value: float) -> str:
    return minus(f"{value:.4g}" if abs(value) < 10000 else f"{value:,.0f}")


def minus(text: str) -> str:
    """A hyphen before a digit or a name as a minus sign.

    Example:
        >>> minus("-ELBO"), minus("-3.2"), minus("MS-SSIM")
        ('−ELBO', '−3.2', 'MS-SSIM')
    """
    return "−" + text[1:] if text.startswith("-") else text


def model(subject: Subject) -> Section:
    """Objective, parts and citation."""
    entry, vae = find(subject.recipe), subject.vae
    sites = " · ".join(f"{name}: {size:,} numbers" for name, size in vae.latents.sites.items())
    likelihood = _described(vae.likelihood)
    solved = {name: value for part in vae.adaptive.values() for name, value in part.solved().items()}
    if solved:
        values = ", ".join(f"{name} = {value:.4g}" for name, value in list(solved.items())[:4])
        likelihood += Markup(' <span class="quiet">Set from the data: {}.</span>').format(values)
    total = sum(p.numel() for p in vae.parameters())
    pairs: dict[str, str] = {
        "Latents": sites,
        "Prior": _described(vae.latents.top, "none: it has no p(z) until one is fitted"),
        "Posterior": _described(next(iter(vae.posteriors.values()))),
        "Likelihood": likelihood,
        "Networks": f"{total:,} parameters, of which encoder {_size(vae.encoder)}, decoder {_size(vae.decoder)}",
        "Paper": _linked(entry.source),
    }
    usual = parameters_of(subject.recipe)
    given = {name: value for name, value in subject.options.items() if usual.get(name) != value}
    if given:
        told = " · ".join(f"{name} {_value(value)}" for name, value in given.items())
        pairs["Options"] = f"{told}; all others as they come"
    if entry.formula:
        return Section(
            "model", "The model", (Words(entry.summary), Words(_objective(entry.formula)), Facts(pairs))
        )
    return Section("model", "The model", (Words(entry.summary), Facts(pairs)))


def _objective(formula: str) -> Markup:
    return Markup('<span class="formula">{}</span>').format(typeset(formula))


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _described(part: Module, instead: str | None = None) -> Markup:
    """What the part's own docstring says first."""
    if instead is not None and isinstance(part, NoPrior):
        return typeset(instead)
    sentence = " ".join((inspect.getdoc(type(part)) or type(part).__name__).split("\n\n")[0].split())
    return typeset(sentence)


def _size(net: Module) -> str:
    return f"{sum(p.numel() for p in net.parameters()):,}"


def _linked(source: str) -> Markup:
    """Addresses as links, which load nothing until somebody follows them."""
    words: list[Markup] = []
    for word in source.split():
        address = word.rstrip(".,;")
        if address.startswith("https://"):
            rest = word[len(address) :]
            text = address.removeprefix("https://")
            words.append(Markup('<a href="{}" rel="noreferrer">{}</a>{}').format(address, text, rest))
        else:
            words.append(Markup("{}").format(word))
    return Markup(" ").join(words)


def doctor(subject: Subject) -> Section:
    """The findings, the bad ones first, each with its next step."""
    found = subject.diagnosis
    if found is None:
        sentence = "The doctor was not asked: vaekit diagnose and vaekit report do it."
        return Section("doctor", "The doctor", (Missing(sentence),))
    order = ("bad", "unsure", "good")
    read = [f for verdict in order for f in found.findings if f.verdict == verdict]
    rows = [
        [
            Cell(finding.measure),
            verdict_cell(finding.verdict),
            Cell(finding.value, finding.note),
            Cell(finding.reference),
            Cell(finding.advice.sentence, code=finding.advice.command) if finding.advice else Cell(""),
        ]
        for finding in read
    ]
    blocks: list[Block] = [Words(doctors_sentence(subject))]
    if rows:
        blocks.append(Table(("Measure", "Verdict", "Here", "Good", "Next step"), rows, cards=True))
    blocks += [Missing(f"{f.measure}: {f.note}") for f in found.findings if f.verdict == "unread"]
    return Section("doctor", "The doctor", blocks)


def verdict_cell(verdict: str) -> Cell:
    """A verdict in a sign and words, coloured besides."""
    tone = verdict if verdict in VERDICTS else "unread"
    return Cell(f"{MARKS[tone]} {VERDICTS[tone]}", tone=tone)  # pyright: ignore[reportArgumentType]


def figures(subject: Subject) -> Section:
    """All numbers that were measured."""
    if not subject.evaluations:
        return Section("figures", "Figures", (Missing("Nothing was measured yet: vaekit evaluate does it."),))
    blocks: list[Block] = []
    for name, evaluation in subject.evaluations.items():
        blocks.append(
            Table(
                ("Figure", "Value", "What is measured"), rows_of(evaluation), caption(name, evaluation), True
            )
        )
        blocks += [Missing(line) for line in evaluation.note.splitlines()]
    return Section("figures", "Figures", blocks)


def caption(name: str, evaluation: Evaluation) -> str:
    """What a table of figures is about."""
    text = f"{evaluation.split} split, {evaluation.examples:,} examples"
    if evaluation.importance_samples > 1:
        text += f", {evaluation.importance_samples} importance samples"
    return text + f" ({name})"


def rows_of(evaluation: Evaluation) -> list[Sequence[Cell]]:
    """A row for each figure."""
    rows: list[Sequence[Cell]] = []
    for figure in evaluation.figures:
        if figure.unit == "bits/dim" and rows:
            name, value, measure = rows[-1]
            rows[-1] = (name, Cell(value.text, bits(figure)), measure)
            continue
        rows.append((Cell(minus(figure.name)), Cell(valued(figure)), Cell(figure.measure, figure.reference)))
    return rows


def bits(figure: Figure) -> str:
    """A figure in bits per dimension, which stands below the same one in nats."""
    return minus(f"{digits(figure.value)} bits/dim")


def valued(figure: Figure) -> str:
    """Value, standard error and unit."""
    error = "" if figure.standard_error != figure.standard_error else f" ± {digits(figure.standard_error)}"
    return f"{figure.bound} {minus(shown(figure))}{error} {figure.unit}".strip()


def repeat(subject: Subject) -> Section:
    """The command, the configuration, and where it ran."""
    return Section(
        "repeat",
        "To repeat it",
        (
            Code(
                "vaekit train --config config.yaml",
                "The command, where the text below is saved as config.yaml",
            ),
            Code(subject.config, "config.yaml"),
            Facts(dict(subject.environment)),
        ),
    )
