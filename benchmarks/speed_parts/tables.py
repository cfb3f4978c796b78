"""Results as Markdown, fit for the README."""

from collections.abc import Mapping, Sequence
from typing import Any

Section = Mapping[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table.

    Example:
        >>> print(table(["a", "b"], [["x", 1.5]]))
        | a | b |
        |---|---|
        | x | 1.5 |
    """
    lines = [head, ["---"] * len(head), *rows]
    texts = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    texts[1] = texts[1].replace(" ", "")
    return "\n".join(texts)


def span(figures: Mapping[str, float]) -> str:
    """The median and, in brackets, least and most."""
    return f"{figures['median']:g} ({figures['least']:g}–{figures['most']:g})"


def markdown(results: Section) -> str:
    """Everything measured so far, one table for each section."""
    writers = {
        "machine": _flat,
        "steps": _steps,
        "iwae": _iwae,
        "pack": _flat,
        "startup": _flat,
        "scale": _scale,
    }
    sections: Section = results["sections"]
    parts = [f"{results['machine']}; {_listed(results['versions'])}."]
    for name, write in writers.items():
        if name in sections:
            about = sections[name]
            parts.append(f"**{name}** (`{about['command']}`, {about['date']})\n\n{write(about['figures'])}")
    return "\n\n".join(parts) + "\n"


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _cell(value: object) -> object:
    if isinstance(value, Mapping):
        return span(value) if "median" in value else "; ".join(f"{k}: {_cell(v)}" for k, v in value.items())
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else value


def _flat(figures: Section) -> str:
    return table(["", "median (least–most)"], [[name, _cell(value)] for name, value in figures.items()])


def _steps(figures: Section) -> str:
    packing = next((v for name, v in figures.items() if name.startswith("images/s, packing")), {})
    rows = []
    for name, rate in figures["images/s"].items():
        fraction = figures.get("fraction of the matrix peak", {}).get(name, "")
        used = figures["processors used"][name]["median"]
        rows.append([name, span(rate), packing.get(name, ""), figures["GFLOP/s"][name], fraction, used])
    first = f"64×64, batch {figures['batch']}"
    head = [first, "images/s", "with packing", "GFLOP/s", "of the matrix peak", "processors used"]
    against = [[name, span(ratio)] for name, ratio in figures["ratios"].items()]
    cost = f"{figures['GFLOP per training image']} GFLOP per training image"
    known = f"{figures['pictures']}; {figures['threads']} threads; {cost}"
    if not figures["undisturbed"]:
        known += ". **Other programs used the processors meanwhile: measure again.**"
    return "\n\n".join([known, table(head, rows), table(["paired, per round", "times as fast"], against)])


def _iwae(figures: Section) -> str:
    rows = [
        [name, span(ms), figures["minutes for 10,000 images"][name]]
        for name, ms in figures["ms per image"].items()
    ]
    against = [[name, span(ratio)] for name, ratio in figures["ratios"].items()]
    parts = [f"{figures['images']}, K = {figures['K']}; {_cell(figures['values'])}"]
    parts.append(table(["", "ms per image", "minutes for 10,000"], rows))
    if against:
        parts.append(table(["paired, per round", "times as fast"], against))
    return "\n\n".join(parts)


def _scale(figures: Section) -> str:
    parts: list[str] = []
    for title, lines in figures.items():
        if not isinstance(lines, Mapping):
            continue
        columns = list(dict.fromkeys(c for line in lines.values() if isinstance(line, Mapping) for c in line))
        rows = [
            [name, *(line.get(c, "") for c in columns)] if isinstance(line, Mapping) else [name, line]
            for name, line in lines.items()
        ]
        parts.append(table([title, *columns], rows))
    return "\n\n".join(parts)
