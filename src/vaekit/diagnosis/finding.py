"""What the doctor says: one measure, its reading, and one thing to do about it."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, final

from vaekit.errors import UserError, nearest

Verdict = Literal["good", "unsure", "bad", "unread"]
"""Unread: the measure cannot be taken of this model, or its estimate says nothing here."""

Illness = Literal[
    "collapse",
    "wrong scale",
    "prior misses",
    "hole",
    "dead dimensions",
    "dead codes",
    "exploding variance",
    "nearly an autoencoder",
    "weak posterior",
    "blur",
    "overfitting",
    "undertraining",
    "copying",
    "leak",
    "flips in validation",
]


@final
@dataclass(frozen=True)
class Advice:
    """One next step.

    Args:
        sentence: what to do, and why that helps.
        command: what to type.
    """

    sentence: str
    command: str


@final
@dataclass(frozen=True)
class Finding:
    """One measure of one model.

    Args:
        measure: its name, as in "active units".
        illness: what a bad reading means.
        value: what was measured, for people: "3 of 16", "0.93 ± 0.01".
        reference: the range that is good, for people: "0.9 to 1.1".
        verdict: good, unsure, bad or unread.
        note: one sentence on what this reading means here, or why it cannot be read.
        advice: one next step; always there where the verdict is bad.
        number: the value as a number, or None.

    Raises:
        UserError: for a bad reading without advice.
    """

    measure: str
    illness: Illness
    value: str
    reference: str
    verdict: Verdict
    note: str = ""
    advice: Advice | None = None
    number: float | None = None

    def __post_init__(self) -> None:
        if self.verdict == "bad" and self.advice is None:
            raise UserError(f"{self.measure}: a bad reading needs a next step")


@final
@dataclass(frozen=True)
class Diagnosis:
    """All that the doctor found of one run.

    Args:
        run: its name.
        findings: the worst illness first among the bad ones, as the doctor orders its checks.
    """

    run: str
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> tuple[Finding, ...]:
        """The findings that need something done."""
        return tuple(finding for finding in self.findings if finding.verdict == "bad")

    @property
    def illnesses(self) -> frozenset[Illness]:
        """What the model suffers from."""
        return frozenset(finding.illness for finding in self.bad)

    def finding(self, measure: str) -> Finding:
        """The finding of a measure.

        Raises:
            UserError: if it was not taken.
        """
        known = {finding.measure: finding for finding in self.findings}
        if measure not in known:
            raise UserError(f"no finding is called {measure}; {nearest(measure, known)}")
        return known[measure]

    def headline(self) -> str:
        """The whole in one sentence.

        Example:
            >>> Diagnosis("runs/a", ()).headline()
            'runs/a: nothing was found wrong in 0 measures'
        """
        taken = sum(finding.verdict != "unread" for finding in self.findings)
        if not self.bad:
            return f"{self.run}: nothing was found wrong in {taken} measures"
        names = ", ".join(dict.fromkeys(finding.illness for finding in self.bad))
        return f"{self.run}: {names} ({len(self.bad)} of {taken} measures are bad)"

    def to_json(self) -> str:
        """As text for diagnosis.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False)
