"""What was found, counted; and the thresholds as they stand in the code."""

import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TypedDict

from vaekit import diagnosis
from vaekit.diagnosis import Diagnosis
from vaekit.evaluation.holes import both

from . import alterations
from .cases import Case

MEASURED_BY = (both,)
"""Modules outside the doctor that hold thresholds which it reads."""


class Row(TypedDict):
    """One line of the table."""

    planted: str
    kind: str
    data: str
    seed: int
    part: str
    found: bool | None
    named: list[str]
    besides: list[str]
    measures: dict[str, list[object]]


def row_of(case: Case, diagnosis: Diagnosis) -> Row:
    """Which planted illness was found, and what else was named: all of it, for a healthy run."""
    planted = case.planted
    named = diagnosis.illnesses
    return {
        "planted": planted.name,
        "kind": planted.kind,
        "data": planted.training.data,
        "seed": case.seed,
        "part": case.part,
        "found": bool(named & planted.found) if planted.kind == "ill" else None,
        "named": sorted(named),
        "besides": sorted(named - planted.found - planted.besides),
        "measures": {one.measure: [one.verdict, rounded(one.number)] for one in diagnosis.findings},
    }


def row_name(case: Case) -> str:
    """What a row depends on: the case, and the source of everything the doctor consists of."""
    sources = [*modules_of(diagnosis), *MEASURED_BY, alterations]
    texts = [inspect.getsource(module) for module in sources]
    facts = [
        repr(case.planted.training),
        case.name,
        str(sorted(case.planted.found)),
        str(sorted(case.planted.besides)),
        *texts,
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def rounded(number: float | None) -> float | None:
    """To four digits.

    Example:
        >>> rounded(0.123456), rounded(None)
        (0.1235, None)
    """
    return None if number is None else float(f"{number:.4g}")


def summary(rows: Sequence[Row], part: str) -> Mapping[str, object]:
    """Counts of a part of the table."""
    own = [row for row in rows if row["part"] == part]
    ill = [row for row in own if row["kind"] == "ill"]
    healthy = [row for row in own if row["kind"] == "healthy"]
    return {
        "planted": len(ill),
        "found": sum(bool(row["found"]) for row in ill),
        "missed": [f"{row['planted']} / {row['data']} / {row['seed']}" for row in ill if not row["found"]],
        "healthy": len(healthy),
        "healthy with an alarm": [
            f"{row['planted']} / {row['data']} / {row['seed']}: {', '.join(row['named'])}"
            for row in healthy
            if row["named"]
        ],
        "other illnesses named in planted runs": sum(len(row["besides"]) for row in ill),
    }


def markdown(rows: Sequence[Row]) -> str:
    """The table for people: one line for each planting, data set and seed.

    Example:
        >>> row: Row = {
        ...     "planted": "collapse", "kind": "ill", "data": "digits", "seed": 0, "part": "test", "found": True,
        ...     "named": ["collapse"], "besides": [], "measures": {},
        ... }
        >>> print(markdown([row]).splitlines()[-1])
        | test | collapse | digits | 0 | found | - |
    """
    lines = ["| part | planted | data | seed | verdict | named besides |", "|---|---|---|---|---|---|"]
    for row in rows:
        verdict = {
            True: "found",
            False: "**missed**",
            None: "false alarm" if row["named"] else "nothing named",
        }
        said = "diagnosed" if row["kind"] == "other" else verdict[row["found"]]
        besides = ", ".join(row["besides"]) or "-"
        words = (row["part"], row["planted"], row["data"], str(row["seed"]), said, besides)
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines)


def thresholds() -> dict[str, float]:
    """Every constant of the doctor that is a number, by module and name."""
    found: dict[str, float] = {}
    for module in (*modules_of(diagnosis), *MEASURED_BY):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, int | float):
                found[f"{module.__name__}.{name}"] = value
    return dict(sorted(found.items()))


def modules_of(package: ModuleType) -> list[ModuleType]:
    """All modules of a package."""
    names = [one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in names]
