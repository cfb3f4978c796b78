"""How fast vaekit is on this machine, beside the post's pipeline, Pythae and a bare hand-written loop.

`python benchmarks/speed.py steps|iwae|pack|scale|machine|startup|all [--out FILE]` measures one section or all and
merges it into FILE (default benchmarks/results/speed.json, with speed.md beside it). Needs pandas; Pythae is left
out where it is not installed (`make bench` installs it). `one` prints a single configuration as JSON.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path
from typing import Any

import torch
from machine import RESULTS, machine
from speed_parts import hardware, iwae, ours, packing, scale, startup, steps
from speed_parts.tables import markdown

PACKAGES = ("vaekit", "torch", "numpy", "pandas", "pillow", "pythae")


def sections(given: argparse.Namespace) -> dict[str, Callable[[], dict[str, object]]]:
    """What can be measured, in the order of `all`."""
    size = steps.Size(given.rounds, given.steps, given.batch)
    return {
        "machine": hardware.measure,
        "startup": startup.measure,
        "pack": packing.measure,
        "steps": lambda: steps.measure(size),
        "iwae": iwae.measure,
        "scale": lambda: scale.measure(most=given.most, most_jpegs=given.most_jpegs),
    }


def versions() -> dict[str, str]:
    """Of the packages that matter, where they are installed."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def merged(file: Path, name: str, figures: Mapping[str, object]) -> dict[str, Any]:
    """The results in a file with one section put in, or put anew."""
    results: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"sections": {}}
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    date = datetime.now(UTC).date().isoformat()
    results |= {"machine": machine(), "versions": versions()}
    results["sections"][name] = {"command": command, "date": date, "figures": dict(figures)}
    add_fractions(results["sections"])
    return results


def add_fractions(found: Mapping[str, Any]) -> None:
    """What part of the machine's matrix peak, in its own precision, each contender of "steps" uses."""
    if not {"machine", "steps"} <= set(found):
        return
    peaks, about = found["machine"]["figures"], found["steps"]["figures"]
    about["fraction of the matrix peak"] = {
        name: round(rate / peaks[f"matrix product {steps.precision_of(name)}, GFLOP/s"], 3)
        for name, rate in about["GFLOP/s"].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "what", choices=["steps", "iwae", "pack", "scale", "machine", "startup", "all", "one"]
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.json")
    parser.add_argument("--threads", type=int, default=cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=8, help="of each contender in a round")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--most", type=int, default=1_000_000, help="images in the largest synthetic pack")
    parser.add_argument("--most_jpegs", type=int, default=100_000, help="JPEGs in the largest folder")
    parser.add_argument("--given", type=json.loads, default={}, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.what == "one":
        print(json.dumps(ours.one_configuration(**given.given)))
        return
    chosen = sections(given)
    for name in chosen if given.what == "all" else [given.what]:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        results = merged(given.out, name, chosen[name]())
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
        given.out.with_suffix(".md").write_text(markdown(results))
    print(given.out.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
