"""Make the pictures of the gallery, and the page that shows them.

python docs/gallery/make.py [NAME ...]    all, or some; the page's numbers come from gallery/figures.json
"""

import json
import runpy
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gallery_parts import autoencoders, codes, measures, shapes, spaces, theory
from gallery_parts.studio import Draw, Studio
from PIL import Image

from vaekit.report import save_png

HERE = Path(__file__).resolve().parent
COMMAND = "python docs/gallery/make.py"
LARGEST = 200_000
"""Bytes of a file: a larger one is kept in fewer colours."""

FIGURES: Mapping[str, Draw] = MappingProxyType(
    {
        "huffman": theory.huffman,
        "linear_ae": autoencoders.linear,
        "denoising": autoencoders.denoising,
        "stacked_codes": autoencoders.stack,
        "sparse": autoencoders.sparse,
        "holes": spaces.hole_figure,
        "bounds": theory.bounds,
        "gradient_variance": theory.variances,
        "toys": theory.toys,
        "manifold": spaces.manifold,
        "latent_scatter": spaces.scatter,
        "samples": shapes.samples,
        "interpolation": shapes.interpolation,
        "traversal": shapes.traversal,
        "vq": codes.vector_quantised,
        "pixel_vae": codes.pixels,
        "knob": theory.knob,
        "collapse": theory.collapsed,
        "blur": shapes.blur,
        "rate_distortion": measures.curve,
        "saturation": measures.saturation,
    }
)


def main(names: Sequence[str]) -> None:
    """Make these pictures, or all, and the page."""
    if unknown := [name for name in names if name not in FIGURES]:
        sys.exit(f"there is no figure {unknown[0]}; there are {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        for name in names or FIGURES:
            make(name, studio, HERE)
    facts = json.loads((HERE / "figures.json").read_text(encoding="utf-8"))
    (HERE / "README.md").write_text(page(facts), encoding="utf-8")


def make(name: str, studio: Studio, folder: Path) -> None:
    """Draw one picture into a folder, and put what was measured beside it into figures.json."""
    start = time.process_time()
    drawn = FIGURES[name](studio)
    place, path = folder / f"{name}.png", folder / "figures.json"
    save_png(drawn.picture, place)
    for colours in (256, 128, 64):
        if place.stat().st_size > LARGEST:
            save_png(drawn.picture.quantize(colours, dither=Image.Dither.NONE), place)
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[name] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": runpy.run_path(str(HERE.parents[1] / "benchmarks" / "machine.py"))["machine"](),
        "seconds": round(time.process_time() - start, 1),
        **drawn.numbers,
    }
    ordered = {name: known[name] for name in FIGURES if name in known}
    path.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{name}: {json.dumps(known[name], ensure_ascii=False)}", flush=True)


def page(facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The page in Markdown: the words of captions.toml with the numbers of figures.json.

    Args:
        facts: what was measured, by the figure's name.
    """
    captions = tomllib.loads((HERE / "captions.toml").read_text(encoding="utf-8"))
    dates = sorted({str(fact["date"]) for fact in facts.values()})
    machines = sorted({str(fact["machine"]) for fact in facts.values()})
    minutes = sum(fact["seconds"] for fact in facts.values()) / 60
    lines = [
        "# Gallery",
        "",
        f"Every picture and every number on this page comes from one command, `{COMMAND}` ({minutes:.0f} minutes of "
        f"one core; {' and '.join(machines)}, {' and '.join(dates)}); `{COMMAND} NAME` makes one of them. The data "
        "are the digits that come with scikit-learn and shapes that vaekit draws. Under each picture stands what "
        "shows the same of your own data, which take the place of `digits` or `shapes`; [the post, row by row]"
        "(../the-post.md) says what each of them is about.",
        "",
    ]
    for name in facts:
        caption = captions[name]
        text = " ".join(caption["text"].split()).format(**facts[name])
        lines += [f"## {caption['title']}", "", f"![{caption['title']}]({name}.png)", "", text, ""]
        lines += [f"    {line}" for line in caption["commands"].strip().splitlines()]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
