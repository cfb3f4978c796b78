"""A diagnosis as lines for a terminal."""

import textwrap
from collections.abc import Mapping

from vaekit.diagnosis.finding import Advice, Diagnosis, Finding

MARKS = {"good": "ok", "unsure": "?", "bad": "!!", "unread": "-"}
WIDTH = 100
"""Columns; commands alone may be longer, for a broken one cannot be copied."""
LONGEST_VALUE = 28
"""Columns up to which values are filled, so that most references stand below each other."""


def diagnosis_table(found: Diagnosis) -> str:
    """The headline, one line for each measure, and a next step below each that is not good.

    Example:
        >>> from vaekit.diagnosis.finding import Advice
        >>> step = Advice("solve it", "vaekit train --config runs/a/config.yaml --sigma solved")
        >>> bad = Finding("calibration", "wrong scale", "0.01", "0.9 to 1.1", "bad", "as if beta were 100", step)
        >>> print(diagnosis_table(Diagnosis("runs/a", (bad,))))
        runs/a: wrong scale (1 of 1 measures are bad)
        <BLANKLINE>
         !!  calibration  0.01  (good: 0.9 to 1.1)
               as if beta were 100
               solve it:
                 vaekit train --config runs/a/config.yaml --sigma solved
    """
    read = [finding for finding in found.findings if finding.verdict != "unread" or finding.value]
    names = max((len(finding.measure) for finding in read), default=0)
    values = max((len(finding.value) for finding in read if len(finding.value) <= LONGEST_VALUE), default=0)
    lines = [*_wrapped(found.headline(), "", "  "), ""]
    said: dict[Advice, str] = {}
    for finding in read:
        lines += [*_measured(finding, names, values), *_explained(finding, said)]
        if finding.advice is not None:
            said.setdefault(finding.advice, finding.measure)
    unread = [finding for finding in found.findings if finding not in read]
    if unread:
        lines += ["", "not read:"]
        for finding in unread:
            lines += _wrapped(f"{finding.measure}: {finding.note}", "  ", "    ")
    return "\n".join(lines)


def _measured(finding: Finding, names: int, values: int) -> list[str]:
    """Mark, measure and value, and what is good: in one line where they fit, else below the value."""
    start = f" {MARKS[finding.verdict]:>2}  {finding.measure:<{names}}  "
    good = f"(good: {finding.reference})" if finding.reference else ""
    for filled in (values, 0):
        line = f"{start}{finding.value:<{filled}}  {good}".rstrip()
        if len(line) <= WIDTH:
            return [line]
    below = " " * len(start)
    return [*_wrapped(finding.value or "-", start, below), *_wrapped(good, below, below)]


def _explained(finding: Finding, said: Mapping[Advice, str]) -> list[str]:
    """What the reading means, what to do, and what to type, unless that stands above."""
    step, lines = " " * 7, []
    if finding.note:
        lines += _wrapped(finding.note, step, step)
    if finding.advice is not None and finding.advice in said:
        lines.append(f"{step}the same next step as for {said[finding.advice]}")
    elif finding.advice is not None:
        lines += [*_wrapped(f"{finding.advice.sentence}:", step, step), f"{step}  {finding.advice.command}"]
    return lines


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """A text in lines of at most 100 columns; a longer word, as of a path, stays whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
