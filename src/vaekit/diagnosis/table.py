"""A diagnosis as lines for a terminal."""

from vaekit.diagnosis.finding import Diagnosis, Finding

MARKS = {"good": "ok", "unsure": "?", "bad": "!!", "unread": "-"}


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
    width = max((len(finding.measure) for finding in read), default=0)
    values = max((len(finding.value) for finding in read), default=0)
    lines = [found.headline(), ""]
    for finding in read:
        lines += _lines(finding, width, values)
    unread = [finding for finding in found.findings if finding not in read]
    if unread:
        lines += ["", "not asked of this model:"]
        lines += [f"  {finding.measure}: {finding.note}" for finding in unread]
    return "\n".join(lines)


def _lines(finding: Finding, width: int, values: int) -> list[str]:
    mark = MARKS[finding.verdict]
    lines = [
        f" {mark:>2}  {finding.measure:<{width}}  {finding.value:<{values}}  (good: {finding.reference})"
    ]
    indent = " " * (width + 7)
    if finding.note:
        lines.append(indent + finding.note)
    if finding.advice is not None:
        lines += [f"{indent}{finding.advice.sentence}:", indent + finding.advice.command]
    return lines
