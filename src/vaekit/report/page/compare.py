"""Several runs on one page: the same sections side by side."""

from collections.abc import Sequence
from dataclasses import replace

from vaekit.errors import UserError
from vaekit.report.page.blocks import Block, Cell, Missing, Section, Table
from vaekit.report.page.comparison import compared, why_not
from vaekit.report.page.facts import bits, caption, minus, valued, verdict_cell
from vaekit.report.page.render import NOTICE, environment, sections_of
from vaekit.report.page.subject import Subject

WHOLE = {"figures", "doctor"}
"""Sections that stand in one table for all runs."""


def comparison(subjects: Sequence[Subject]) -> str:
    """The page of several runs.

    Args:
        subjects: the runs, at least two.

    Returns:
        HTML that opens from disk and asks nothing of the network.

    Raises:
        UserError: for fewer than two runs.
    """
    if len(subjects) < 2:
        raise UserError(f"a comparison needs at least two runs, got {len(subjects)}")
    names = unlike([subject.name for subject in subjects])
    columns = [sections_of(subject) for subject in subjects]
    rows: list[tuple[Section, list[tuple[str, Section]]]] = []
    for each in zip(*columns, strict=True):
        section = each[0]
        if section.anchor == "headline":
            summary = Section("figures", "Figures", figures(subjects, names))
            rows += [(section, list(zip(names, each, strict=True))), (summary, [])]
        elif section.anchor == "doctor":
            rows.append((Section("doctor", "The doctor", doctors(subjects, names)), []))
        elif section.anchor not in WHOLE:
            rows.append((section, list(zip(names, each, strict=True))))
    template = environment().get_template("compare.html.j2")
    heading = " · ".join(names) if len(names) < 4 else f"{len(names)} runs"
    return template.render(
        title=f"{heading} · vaekit",
        heading=heading,
        sections=[section for section, _ in rows],
        rows=rows,
        notice=NOTICE,
    )


def unlike(names: Sequence[str]) -> list[str]:
    """Names that tell runs apart: what comes again gets a number.

    Example:
        >>> unlike(["a", "a", "b"])
        ['a', 'a (2)', 'b']
    """
    return [
        name if place == names.index(name) else f"{name} ({1 + names[:place].count(name)})"
        for place, name in enumerate(names)
    ]


def figures(subjects: Sequence[Subject], names: Sequence[str]) -> list[Block]:
    """One row for each figure, the best in bold."""
    rows: list[Sequence[Cell]] = []
    for row in compared(subjects):
        cells = [
            Cell("–") if figure is None else Cell(valued(figure), best=place in row.best)
            for place, figure in enumerate(row.figures)
        ]
        if row.unit == "bits/dim" and rows and rows[-1][0].text == minus(row.name):
            pairs = zip(rows[-1][1:], row.figures, strict=True)
            cells = [replace(cell, note="" if f is None else bits(f)) for cell, f in pairs]
            rows[-1] = (rows[-1][0], *cells)
            continue
        rows.append((Cell(minus(row.name), row.measure), *cells))
    if not rows:
        return [Missing("Nothing was measured yet: vaekit evaluate does it.")]
    evaluation = next(e for s in subjects if (e := s.figures_of()) is not None)
    reason = why_not(subjects)
    found: list[Block] = [Missing(reason)] if reason else []
    about = caption("evaluation.json", evaluation) if reason is None else "evaluation.json of each run"
    note = "; best in bold, and what lies within two standard errors of it" if reason is None else ""
    return [*found, Table(("Figure", *names), rows, about + note)]


def doctors(subjects: Sequence[Subject], names: Sequence[str]) -> list[Block]:
    """One row for each measure: the verdicts side by side."""
    found = [
        {} if subject.diagnosis is None else {f.measure: f for f in subject.diagnosis.findings if f.value}
        for subject in subjects
    ]
    measures = list(dict.fromkeys(measure for findings in found for measure in findings))
    if not measures:
        return [Missing("The doctor was not asked: vaekit diagnose and vaekit report do it.")]
    rows: list[Sequence[Cell]] = []
    for measure in measures:
        cells: list[Cell] = []
        for findings in found:
            finding = findings.get(measure)
            if finding is None:
                cells.append(Cell("–"))
            else:
                verdict = verdict_cell(finding.verdict)
                cells.append(Cell(verdict.text, finding.value, verdict.tone))
        rows.append((Cell(measure), *cells))
    return [
        Table(
            ("Measure", *names),
            rows,
            "What each run should do next stands on its own page: vaekit report RUN.",
        )
    ]
