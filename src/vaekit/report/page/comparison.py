"""Figures of several runs side by side: what may be compared, and which is best."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

from vaekit.evaluation.report import Figure
from vaekit.report.page.subject import Subject

LOWER = (
    "-ELBO", "IWAE", "-log p(x)", "distortion", "MSE", "median KL", "FID", "Frechet", "Fréchet",
    "kernel distance", "KID",
)  # fmt: skip
HIGHER = (
    "PSNR", "SSIM", "MS-SSIM", "explained", "precision", "recall", "density", "coverage", "MIG", "DCI", "SAP",
    "FactorVAE", "modularity", "linear probe", "nearest neighbours", "k-NN",
)  # fmt: skip
"""How the names of figures begin that are better the higher; of all others neither is better."""
TIE = 2.0
"""Standard errors of the difference within which two figures are one."""
Direction = Literal["lower", "higher", "neither"]


@final
@dataclass(frozen=True)
class Row:
    """One figure of every run.

    Args:
        name: of the figure.
        unit: of its value.
        measure: what is measured.
        figures: of each run; None where it was not measured.
        best: which of them are best, ties within two standard errors among them; empty where none can be.
    """

    name: str
    unit: str
    measure: str
    figures: tuple[Figure | None, ...]
    best: frozenset[int]


def direction_of(name: str) -> Direction:
    """Which way a figure is better.

    Example:
        >>> direction_of("IWAE-500"), direction_of("SSIM"), direction_of("rate (KL)")
        ('lower', 'higher', 'neither')
    """
    return "lower" if name.startswith(LOWER) else "higher" if name.startswith(HIGHER) else "neither"


def why_not(subjects: Sequence[Subject]) -> str | None:
    """Why the figures of these runs do not compare, as a sentence; None where they do."""
    evaluations = [subject.figures_of() for subject in subjects]
    if any(evaluation is None for evaluation in evaluations):
        missing = [s.name for s, evaluation in zip(subjects, evaluations, strict=True) if evaluation is None]
        return f"Nothing is set in bold: {', '.join(missing)} was not evaluated (vaekit evaluate)."
    if len({subject.same_data for subject in subjects}) > 1:
        return "Nothing is set in bold: the runs were not measured on the same data, split alike."
    if len({(e.split, e.examples) for e in evaluations if e is not None}) > 1:
        return "Nothing is set in bold: the runs were not measured on the same examples."
    return None


def compared(subjects: Sequence[Subject]) -> list[Row]:
    """A row for each figure that at least one run has; the same name, unit and measure are one figure.

    Args:
        subjects: the runs.
    """
    found: list[Mapping[tuple[str, str, str], Figure]] = []
    for subject in subjects:
        evaluation = subject.figures_of()
        figures = () if evaluation is None else evaluation.figures
        found.append({(f.name, f.unit, f.measure): f for f in figures})
    comparable = why_not(subjects) is None
    rows: list[Row] = []
    for key in dict.fromkeys(key for figures in found for key in figures):
        own = tuple(figures.get(key) for figures in found)
        rows.append(Row(*key, own, best_of(own) if comparable else frozenset()))
    return rows


def best_of(figures: Sequence[Figure | None]) -> frozenset[int]:
    """Places of the best figure and of those within two standard errors of it; none where all are the same.

    Example:
        >>> sorted(best_of([Figure("MSE", v, 0.1, "") for v in (1.0, 1.2, 3.0)]))
        [0, 1]
    """
    known = {place: f for place, f in enumerate(figures) if f is not None and math.isfinite(f.value)}
    if len(known) < 2:
        return frozenset()
    direction = direction_of(next(iter(known.values())).name)
    if direction == "neither":
        return frozenset()
    sign = 1 if direction == "lower" else -1
    best = min(known, key=lambda place: sign * known[place].value)
    ties = frozenset(place for place, figure in known.items() if _tied(figure, known[best]))
    return frozenset() if len(ties) == len(figures) else ties


def _tied(a: Figure, b: Figure) -> bool:
    errors = [error for error in (a.standard_error, b.standard_error) if math.isfinite(error)]
    return abs(a.value - b.value) <= TIE * math.hypot(*errors)


def terminal_table(subjects: Sequence[Subject], bold: bool) -> str:
    """The rows for a terminal, those of one measure together; bits/dim stand on the page alone.

    Args:
        subjects: the runs.
        bold: whether the best are set in bold; else a star stands behind them.
    """
    rows = [row for row in compared(subjects) if row.unit != "bits/dim"]
    names = [f"  {row.name} {row.unit}".rstrip() for row in rows]
    cells = [[_number(figure) for figure in row.figures] for row in rows]
    heads = [subject.name for subject in subjects]
    first = max(map(len, ["", *names])) + 2
    widths = [max(len(head), *(len(row[place]) for row in cells), 1) + 3 for place, head in enumerate(heads)]
    lines = [
        " " * first + "".join(f"{head:>{width - 1}} " for head, width in zip(heads, widths, strict=True))
    ]
    measure = ""
    for row, name, own in zip(rows, names, cells, strict=True):
        if (kind := _kind(row.measure)) != measure:
            measure = kind
            lines.append(f"{measure}:")
        text = "".join(
            _marked(cell, width, place in row.best, bold)
            for place, (cell, width) in enumerate(zip(own, widths, strict=True))
        )
        lines.append(f"{name:<{first}}{text}".rstrip())
    reason = why_not(subjects)
    return "\n".join([*(line.rstrip() for line in lines), *([reason] if reason else [])])


def _kind(measure: str) -> str:
    """The mass or density that a figure is about; details stand on the page."""
    last = measure.rpartition(", ")[2]
    return last if last.startswith(("mass", "density")) else "others"


def _marked(cell: str, width: int, best: bool, bold: bool) -> str:
    room = " " * (width - 1 - len(cell))
    if not best:
        return f"{room}{cell} "
    return f"{room}\033[1m{cell}\033[0m " if bold else f"{room}{cell}*"


def _number(figure: Figure | None) -> str:
    """A value with as many digits as its error lets count."""
    if figure is None:
        return "–"
    error = figure.standard_error
    if not (math.isfinite(error) and error > 0):
        return f"{figure.value:.5g}".replace("-", "−")
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{figure.value:.{places}f} ± {error:.{places}f}".replace("-", "−")
