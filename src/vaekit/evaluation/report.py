"""Numbers that say what they are: a figure, and all figures of one split."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any, final

from torch import Tensor

from vaekit.metrics import METRICS


@final
@dataclass(frozen=True)
class Figure:
    """One number that says what it is.

    Args:
        name: "-ELBO", "rate", "IWAE-500", …
        value: the mean over examples.
        standard_error: of that mean over examples; NaN where there is none.
        unit: "nats", "bits/dim", "dB", "codes" or "".
        measure: "mass", "density …", what is measured otherwise, or "".
        bound: "≤" where the true value is at most this one, "≥" where it is at least this one, else "".
        group: the group of metrics it belongs to.
        reference: what it is compared to, for people, or "".
    """

    name: str
    value: float
    standard_error: float
    unit: str
    measure: str = ""
    bound: str = ""
    group: str = ""
    reference: str = ""

    def __str__(self) -> str:
        sign = f"{self.bound} " if self.bound else ""
        error = "" if math.isnan(self.standard_error) else f" ± {self.standard_error:.3f}"
        return f"{self.name}: {sign}{self.value:.3f}{error} {self.unit}".rstrip()

    def facts(self) -> dict[str, object]:
        """As JSON has it; one example has no standard error, and JSON has no NaN."""
        error = None if math.isnan(self.standard_error) else self.standard_error
        return {**asdict(self), "standard_error": error}

    @classmethod
    def of_facts(cls, facts: dict[str, Any]) -> "Figure":
        """From JSON."""
        error = facts.get("standard_error")
        return cls(**{**facts, "standard_error": math.nan if error is None else error})


@final
@dataclass(frozen=True)
class Evaluation:
    """The figures of one split.

    Args:
        split: its name.
        examples: N.
        importance_samples: K; 1 where every draw from q is the same.
        figures: in the order they are printed.
        note: what this model cannot be asked for, and why; a line for each group.
        key: of model, data and split; figures of the same key belong together. "" where it was not taken.
    """

    split: str
    examples: int
    importance_samples: int
    figures: tuple[Figure, ...]
    note: str = ""
    key: str = ""

    def value(self, name: str, measure: str = "", unit: str = "nats") -> float:
        """The value of a figure; a measure or its beginning picks among several."""
        return self.figure(name, measure, unit).value

    def figure(self, name: str, measure: str = "", unit: str = "nats") -> Figure:
        """A figure by its name, unit and the beginning of its measure."""
        for figure in self.figures:
            if figure.name == name and figure.unit == unit and figure.measure.startswith(measure):
                return figure
        raise KeyError(f"no figure {name} ({measure}, {unit})")

    def to_json(self) -> str:
        """As text for evaluation.json."""
        facts = asdict(self) | {"figures": [figure.facts() for figure in self.figures]}
        return json.dumps(facts, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Evaluation":
        """From the text of evaluation.json.

        Raises:
            ValueError, TypeError, KeyError: if it is not such a text.
        """
        facts = json.loads(text)
        figures = tuple(Figure.of_facts(figure) for figure in facts.pop("figures"))
        return cls(figures=figures, **facts)

    def over(self, earlier: "Evaluation") -> "Evaluation":
        """These figures, and those of other groups that were measured earlier of the same model and data."""
        if not self.key or self.key != earlier.key:
            return self
        own = {figure.group for figure in self.figures} | {_group_of(line) for line in self.note.splitlines()}
        kept = [figure for figure in earlier.figures if figure.group not in own]
        notes = [line for line in earlier.note.splitlines() if _group_of(line) not in own]
        return replace(
            self if "bounds" in own else replace(self, importance_samples=earlier.importance_samples),
            figures=tuple(sorted([*self.figures, *kept], key=lambda figure: _place(figure.group))),
            note="\n".join(
                sorted([*self.note.splitlines(), *notes], key=lambda line: _place(_group_of(line)))
            ),
        )

    def table(self) -> str:
        """As lines for a terminal."""
        head = f"{self.split} split, {self.examples} examples"
        if self.importance_samples > 1:
            head += f", {self.importance_samples} importance samples"
        lines = [head, *(f"  {line}" for line in self.note.splitlines())]
        width = max([12, *(len(figure.name) + 2 for figure in self.figures if figure.unit != "bits/dim")])
        for group, figures in groupby(self.figures, lambda figure: figure.group):
            lines += [f"{group}:"] if group else []
            lines += rows(figures, width)
        return "\n".join(lines)


def rows(figures: Iterable[Figure], width: int) -> list[str]:
    """A line for each figure, bits/dim on that of the nats; what it is compared to below it."""
    lines: list[str] = []
    for figure in figures:
        if figure.unit == "bits/dim" and lines:
            lines[-1] += f"  {figure.bound or '='} {figure.value:.4f} bits/dim"
            continue
        number = f"{shown(figure):>12}"
        if not math.isnan(figure.standard_error):
            number += f" ± {digits(figure.standard_error, figure.value)}"
        text = f"  {figure.name:<{width}}{figure.bound or ' ':>2}{number} {figure.unit:4}  {figure.measure}"
        lines.append(text.rstrip())
        if figure.reference:
            lines.append(f"  {'':<{width}}  {'':>12}   {figure.reference}")
    return lines


def shown(figure: Figure) -> str:
    """Its value; a count as a whole number."""
    counted = math.isnan(figure.standard_error) and figure.value.is_integer() and not figure.unit
    return f"{figure.value:.0f}" if counted else digits(figure.value)


def digits(value: float, beside: float = math.nan) -> str:
    """Four decimals, and two digits where those would show less; an error in the way of its value.

    Example:
        >>> digits(12.3), digits(0.0), digits(0.000012345), digits(0.00003, beside=5.0)
        ('12.3000', '0.0000', '1.23e-05', '0.0000')
    """
    told = value if math.isnan(beside) else beside
    return f"{value:.2e}" if 0 < abs(told) < 0.0005 else f"{value:.4f}"


def figure_of(name: str, values: Tensor, unit: str = "nats", measure: str = "", bound: str = "") -> Figure:
    """The mean of one value per example, and its standard error."""
    values = values.cpu().double()
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Figure(name, values.mean().item(), error, unit, measure, bound)


def noted(lines: Sequence[tuple[str, str]]) -> str:
    """Notes of groups, a line for each, from which `_group_of` finds the group again.

    Example:
        >>> noted([("codes", "there are none")])
        'codes: there are none'
    """
    return "\n".join(f"{group}: {sentence}" for group, sentence in lines)


def _place(group: str) -> int:
    """Where a group stands among all."""
    names = [*METRICS]
    return names.index(group) if group in names else len(names)


def _group_of(line: str) -> str:
    return line.partition(":")[0]
