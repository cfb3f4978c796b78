"""The doctor's table: planted illnesses and healthy runs, diagnosed.

python benchmarks/doctor.py train --mnist MNIST --celeba CELEBA --table TABLE.npz --out FOLDER
python benchmarks/doctor.py table --mnist MNIST --celeba CELEBA --table TABLE.npz --out FOLDER --part tuning
python benchmarks/doctor.py table --mnist MNIST --celeba CELEBA --table TABLE.npz --out FOLDER --part test

Thresholds are set on the part for tuning: digits and shapes. Its table notes them in FOLDER. The table of the
test part, of fresh seeds and other data sets, says whether they are the same still.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from doctor_parts.cases import Case, all_cases
from doctor_parts.counting import Row, markdown, row_name, row_of, summary, thresholds
from doctor_parts.runs import folder_of, patient, trained
from doctor_parts.sources import Places
from machine import record

from vaekit.files import write_text
from vaekit.training.diagnosing import diagnose_run

PARTS = ("tuning", "test")


def main() -> None:
    given = arguments()
    places = Places(given.mnist, given.celeba, given.table)
    cases = [
        case
        for case in all_cases()
        if given.part in (None, case.part)
        and (given.only or "") in case.name
        and (not given.ready or (folder_of(case, given.out) / "model.safetensors").is_file())
    ]
    if given.do == "list":
        for case in cases:
            print(case.part, "|", case.name, "|", folder_of(case, given.out).relative_to(given.out))
    elif given.do == "train":
        train_all(cases, places, given.out)
    else:
        table(cases, places, given.out, whole=given.only is None)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("do", choices=("train", "table", "list"))
    parser.add_argument("--mnist", type=Path, required=True, help="folder of the IDX files")
    parser.add_argument("--celeba", type=Path, required=True, help="folder of aligned CelebA pictures")
    parser.add_argument("--table", type=Path, required=True, help=".npz file with a table X")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs, which are made once")
    parser.add_argument("--part", choices=PARTS, help="default: both")
    parser.add_argument(
        "--only", help="cases whose name holds this, as in 'collapse / digits'; nothing is kept"
    )
    parser.add_argument("--ready", action="store_true", help="only cases whose run is there already")
    return parser.parse_args()


def train_all(cases: Sequence[Case], places: Places, out: Path) -> None:
    """Train what is not there yet."""
    for case in cases:
        start = time.perf_counter()
        trained(case, places, out)
        print(f"{case.part}: {case.name}: {time.perf_counter() - start:.1f} s", flush=True)


def table(cases: Sequence[Case], places: Places, out: Path, whole: bool) -> None:
    """Diagnose all cases; print the table, and keep it where all were asked for."""
    rows: list[Row] = []
    for case in cases:
        start = time.perf_counter()
        row = diagnosed(case, places, out)
        rows.append(row)
        seconds = time.perf_counter() - start
        print(f"{case.name}: found {row['found']}, named {row['named']} ({seconds:.0f} s)", flush=True)
    print(markdown(rows))
    if whole:
        for part in dict.fromkeys(case.part for case in cases):
            keep(part, [row for row in rows if row["part"] == part], out)
        publish(out)


def diagnosed(case: Case, places: Places, out: Path) -> Row:
    """The row of a case, read again where nothing of the doctor has changed since."""
    path = out / "rows" / case.part / f"{row_name(case)}.json"
    if path.is_file():
        return json.loads(path.read_text())
    run, data = patient(case, places, out)
    row = row_of(case, diagnose_run(run, data))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(row))
    return row


def keep(part: str, rows: Sequence[Row], out: Path) -> None:
    """Note a part's rows and the thresholds with which they were made."""
    names = [case.name for case in all_cases() if case.part == part]
    there = {f"{row['planted']} / {row['data']} / {row['seed']}" for row in rows}
    left_out = [name for name in names if name not in there]
    text = json.dumps({"thresholds": thresholds(), "left out": left_out, "rows": rows})
    write_text(out / f"{part}.json", text)


def publish(out: Path) -> None:
    """Write what is there of both parts to the results."""
    kept = {
        part: json.loads((out / f"{part}.json").read_text())
        for part in PARTS
        if (out / f"{part}.json").is_file()
    }
    rows: list[Row] = [row for part in kept.values() for row in part["rows"]]
    at = [part["thresholds"] for part in kept.values()]
    record(
        "doctor",
        {
            "protocol": "thresholds were set on the part for tuning, frozen, and tested on fresh seeds, MNIST, "
            "CelebA; 'found' asks that a name that was planted is named, 'besides' lists names that it does not "
            "bring about",
            "thresholds are the same in both parts": len(at) == len(PARTS) and at[0] == at[1],
            "summary": {part: summary(rows, part) for part in kept},
            "left out": {part: kept[part]["left out"] for part in kept},
            "thresholds": {part: kept[part]["thresholds"] for part in kept},
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
