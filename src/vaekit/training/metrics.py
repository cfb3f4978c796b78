"""metrics.csv: one row for each validation, and exact again after a resume."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import final

from vaekit.files import write_text


@final
class Metrics:
    """The rows of metrics.csv; every write is whole or not at all.

    Args:
        path: of the file.
        until: rows after this step are dropped, those of a run that is resumed from there.
    """

    def __init__(self, path: Path, until: int | None = None) -> None:
        self.path = path
        self.rows: list[dict[str, str]] = []
        if until is not None and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= until]

    def add(self, row: Mapping[str, float | int]) -> None:
        """Append a row and write the file."""
        self.rows.append({name: str(v) if isinstance(v, int) else f"{v:.9g}" for name, v in row.items()})
        names = list(dict.fromkeys(name for kept in self.rows for name in kept))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows as numbers; empty where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(v) for name, v in row.items() if v} for row in csv.DictReader(file)]
