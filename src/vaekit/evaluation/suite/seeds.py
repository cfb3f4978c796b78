"""The figures of several trainings that differ in their seed alone: the mean, and how sure it is."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import final

from vaekit.errors import UserError
from vaekit.evaluation.report import Evaluation, Figure, digits, shown

LEVEL = 0.95


@final
@dataclass(frozen=True)
class Spread:
    """One figure over n trainings.

    Args:
        name: of the figure.
        value: its mean over the trainings.
        half_width: of the 95 % interval of that mean over training seeds; NaN for one training.
        runs: n.
        unit: of the figure.
        measure: of the figure.
        bound: of the figure.
        group: of the figure.
        standard_error: over examples, where there is one training; else NaN.
        deviation: of the trainings, s; NaN for one.
        lowest: of the trainings.
        highest: of the trainings.
        reference: what the figure is compared to, where that is the same for every training.
    """

    name: str
    value: float
    half_width: float
    runs: int
    unit: str
    measure: str
    bound: str
    group: str
    standard_error: float
    deviation: float
    lowest: float
    highest: float
    reference: str = ""

    @property
    def error(self) -> float:
        """The standard error of the value: s/√n over trainings, or of one training over examples."""
        return self.deviation / math.sqrt(self.runs) if self.runs > 1 else self.standard_error

    @property
    def cell(self) -> str:
        """For a column: the mean and its interval over seeds, or of one training the value and its standard error."""
        error = self.half_width if self.runs > 1 else self.standard_error
        value = shown(Figure(self.name, self.value, error, self.unit))
        return f"{self.bound}{value}" + ("" if math.isnan(error) else f" ± {digits(error, self.value)}")


@final
@dataclass(frozen=True)
class Family:
    """Trainings that differ in their seed alone.

    Args:
        label: what tells it from the others.
        runs: their folders.
        split: what was measured.
        examples: N.
        figures: those that every one of them has.
        notes: of any of them.
    """

    label: str
    runs: tuple[str, ...]
    split: str
    examples: int
    figures: tuple[Spread, ...]
    notes: tuple[str, ...] = ()

    @property
    def of(self) -> str:
        """What was measured."""
        return f"{self.split} split, {self.examples} examples"

    def facts(self) -> dict[str, object]:
        """As JSON has it."""
        facts = asdict(self)
        for figure in facts["figures"]:
            for name in ("half_width", "standard_error", "deviation"):
                figure[name] = None if math.isnan(figure[name]) else figure[name]
        return facts


def half_width(values: Sequence[float], level: float = LEVEL) -> float:
    """t_{n−1} s/√n: half the two-sided interval of a mean, for values that are about normal.

    Args:
        values: one for each training.
        level: of confidence.

    Source: Student 1908, The probable error of a mean.

    Example:
        >>> round(half_width([1.0, 2.0, 3.0]), 4)  # t₂ = 4.3027, s = 1
        2.4841
    """
    if len(values) < 2:
        return math.nan
    from scipy.stats import t  # dear to import

    return float(t.ppf((1 + level) / 2, len(values) - 1)) * stdev(values) / math.sqrt(len(values))


def family(label: str, runs: Sequence[str], evaluations: Sequence[Evaluation]) -> Family:
    """Take the figures of several trainings together.

    Args:
        label: what tells them from others.
        runs: their folders.
        evaluations: of each, on the same split.

    Raises:
        UserError: if they were not measured on the same split, or there are none.
    """
    if not evaluations:
        raise UserError("there is no evaluation to take together")
    first = evaluations[0]
    if any((each.split, each.examples) != (first.split, first.examples) for each in evaluations):
        raise UserError(f"{label}: evaluations of different splits say nothing together")
    found: list[Spread] = []
    for figure in first.figures:
        same = [other for each in evaluations for other in each.figures if _key(other) == _key(figure)]
        if len(same) != len(evaluations):
            continue
        values = [other.value for other in same]
        found.append(
            Spread(
                figure.name,
                fmean(values),
                half_width(values),
                len(values),
                figure.unit,
                figure.measure,
                figure.bound,
                figure.group,
                figure.standard_error if len(values) == 1 else math.nan,
                stdev(values) if len(values) > 1 else math.nan,
                min(values),
                max(values),
                figure.reference if all(other.reference == figure.reference for other in same) else "",
            )
        )
    notes = tuple(dict.fromkeys(line for each in evaluations for line in each.note.splitlines()))
    return Family(label, tuple(runs), first.split, first.examples, tuple(found), notes)


def table(found: Sequence[Family]) -> str:
    """Columns of families, a row for each figure.

    A ± is the half width of a 95 % interval over training seeds; of a single training, its standard error over
    examples.
    """
    letters = [_letter(i) for i in range(len(found))]
    lines: list[str] = []
    for letter, each in zip(letters, found, strict=True):
        seeds = f"{len(each.runs)} training seeds" if len(each.runs) > 1 else "1 training"
        lines.append(f"{letter}  {each.label}  ({seeds}: {', '.join(each.runs)}; {each.of})")
        lines += [f"   {note}" for note in each.notes]
    lines.append(meaning(found))
    keys = list(dict.fromkeys(_key(figure) for each in found for figure in each.figures if _in_table(figure)))
    cells = [{_key(figure): figure for figure in each.figures} for each in found]
    names = [f"{name} ({unit})" if unit else name for _, name, unit, _ in keys]
    wide = max([10, *(len(name) for name in names)]) + 2
    widths = [max([8, *(len(figure.cell) for figure in column.values())]) for column in cells]
    heads = "  ".join(f"{letter:>{width}}" for letter, width in zip(letters, widths, strict=True))
    lines.append(f"  {'':<{wide}}{heads}")
    group = ""
    for key, name in zip(keys, names, strict=True):
        if key[0] != group:
            group = key[0]
            lines.append(f"{group}:")
        shown = [column[key].cell if key in column else "-" for column in cells]
        row = "  ".join(f"{cell:>{width}}" for cell, width in zip(shown, widths, strict=True))
        lines.append(f"  {name:<{wide}}{row}  {key[3]}".rstrip())
        references = {column[key].reference for column in cells if key in column}
        if len(references) == 1 and (reference := references.pop()):
            lines.append(f"  {'':<{wide}}{reference}")
    return "\n".join(lines)


def meaning(found: Sequence[Family]) -> str:
    """What the ± of a table is."""
    counts = {len(each.runs) for each in found}
    over = "95 % interval of the mean over training seeds (Student's t)"
    if counts == {1}:
        return "±: standard error over examples"
    return f"±: {over}" + ("; of one training, the standard error over examples" if 1 in counts else "")


def to_json(found: Sequence[Family], extra: dict[str, object] | None = None) -> str:
    """As text for a file."""
    facts = {"level": LEVEL, "families": [each.facts() for each in found], **(extra or {})}
    return json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False)


def _key(figure: Figure | Spread) -> tuple[str, str, str, str]:
    """What makes figures of two trainings the same one; how many codes are in use differs between them."""
    measure = "" if figure.unit == "codes" else figure.measure
    return (figure.group, figure.name, figure.unit, measure)


def _in_table(figure: Spread) -> bool:
    """Whether a column has a row for it: bits/dim say the same as nats, and stand there for the bounds alone."""
    return figure.unit != "bits/dim" or figure.name != "distortion"


def _letter(index: int) -> str:
    """A, B … Z, A1, B1 …"""
    return chr(65 + index % 26) + (str(index // 26) if index >= 26 else "")
