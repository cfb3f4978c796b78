"""The table fits a terminal of 100 columns, and commands stay whole."""

import shlex

from vaekit.diagnosis import Advice, Diagnosis, Finding
from vaekit.diagnosis.table import WIDTH, diagnosis_table

LONG = "words that go on " * 12
COMMAND = "vaekit train --config runs/" + "a" * 100 + "/config.yaml --epochs 800"


def _finding(measure: str, value: str, reference: str = "at most 1", **others: object) -> Finding:
    return Finding(measure, "hole", value, reference, "unsure", **others)  # pyright: ignore[reportArgumentType]


def test_lines_are_short_and_commands_are_whole() -> None:
    findings = (
        _finding("training", "1 step", LONG, note=LONG, advice=Advice(LONG, COMMAND)),
        _finding("a measure of a longer name", LONG),
        Finding("mirrored pictures", "leak", "", "", "unread", LONG),
    )
    lines = diagnosis_table(Diagnosis("runs/a", findings)).splitlines()
    longer = [line for line in lines if len(line) > WIDTH]
    assert [line.strip() for line in longer] == [COMMAND]
    assert shlex.split(longer[0]) == shlex.split(COMMAND)
    # Nothing is lost by breaking lines.
    words = " ".join(" ".join(lines).split())
    assert words.count(LONG.strip()) == 5


def test_what_fits_stands_in_one_line_with_references_below_each_other() -> None:
    findings = (_finding("round trip", "1.97 ± 0.09"), _finding("holes", "2 %"))
    lines = diagnosis_table(Diagnosis("runs/a", findings)).splitlines()
    assert [line.index("(good: at most 1)") for line in lines[2:]] == [30, 30]


def test_what_only_fits_unfilled_is_not_broken() -> None:
    findings = (_finding("a", "x" * 28), _finding("copies in test", "0.0 %", "g" * 60))
    lines = diagnosis_table(Diagnosis("runs/a", findings)).splitlines()
    assert len(lines) == 4
    assert lines[3].endswith("0.0 %  (good: " + "g" * 60 + ")")


def test_a_next_step_is_told_once() -> None:
    step = Advice("fit a mixture", "vaekit fit-prior runs/a --prior gmm")
    findings = (_finding("marginal KL", "1", advice=step), _finding("round trip", "2", advice=step))
    text = diagnosis_table(Diagnosis("runs/a", findings))
    assert text.count("fit-prior") == 1
    assert text.endswith("the same next step as for marginal KL")


def test_a_finding_without_value_or_reference_keeps_its_mark() -> None:
    bad = Finding("prior", "hole", "", LONG, "bad", "", Advice("mend it", "vaekit verify"))
    lines = diagnosis_table(Diagnosis("runs/a", (bad, _finding("b", "1", "")))).splitlines()
    assert lines[2].startswith(" !!  prior  -")
    assert lines[-1] == "  ?  b      1"
