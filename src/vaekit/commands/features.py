"""vaekit features: train the feature space in which sets of examples are compared."""

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vaekit.commands import INTERRUPTED
from vaekit.commands.parser import Parser
from vaekit.commands.train import with_sizes
from vaekit.data.options import PictureOptions
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import JOINT
from vaekit.errors import UserError
from vaekit.features.options import FeatureOptions

if TYPE_CHECKING:
    from torch import Tensor

ENDING = ".safetensors"
FOLDER = Path("features")


def main(arguments: Sequence[str]) -> int:
    """Train a classifier where examples have labels, else a contrastive network, and write it as one file."""
    parsed = parser().parse_args(with_sizes(arguments))
    options = FeatureOptions(**{field.name: parsed[field.name] for field in fields(FeatureOptions)})
    out = None if parsed["out"] is None else wanted(Path(parsed["out"]).expanduser())
    split = SplitOptions(**parsed["split"].as_dict())
    pictures = PictureOptions(
        **{name: parsed[name] for name in ("crop", "image_size", "channels", "flip", "unreadable")}
    )
    from vaekit import __version__
    from vaekit.data import load
    from vaekit.features import fit_space, save_space
    from vaekit.training.device import engine
    from vaekit.training.folder import program, typed
    from vaekit.training.interrupt import terminated_as_interrupted
    from vaekit.training.reporting import reporter_for, spoken

    device = engine(parsed["device"]).device
    reporter = reporter_for(sys.stdout)
    started = time.monotonic()

    def watch(done: float, where: str, loss: "Tensor") -> None:
        if reporter.due():
            reporter.progress(done, where, {"loss": loss.item()}, time.monotonic() - started)

    with terminated_as_interrupted():
        try:
            data = load(
                JOINT.join([parsed["data"], *parsed["more"]]),
                levels=parsed["levels"],
                binarise=parsed["binarise"],
                split=split,
                pictures=pictures,
                report=reporter.say,
            )
            fitted = fit_space(data, options, device, watch)
            path = free(FOLDER, data.name, fitted.facts.kind) if out is None else wanted(out)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_space(path, fitted, __version__)
        except KeyboardInterrupt:
            reporter.close()
            print("\nstopped; nothing was written")
            return INTERRUPTED
        finally:
            reporter.close()
    print(fitted.space.describe())
    print(f"trained in {spoken(time.monotonic() - started)}; written to {path}")
    print(f"next: {program()} evaluate RUN --features {typed(path)}")
    return 0


def wanted(path: Path) -> Path:
    """The path that was asked for.

    Raises:
        UserError: if its name ends otherwise than in .safetensors, or a file is there.
    """
    if path.suffix != ENDING:
        raise UserError(f"features: they are written as safetensors; {path} should end in {ENDING}")
    if path.exists():
        raise UserError(f"{path} exists already: choose another --out")
    if path.parent.exists() and not path.parent.is_dir():
        raise UserError(f"{path.parent} is a file, not a folder: choose another --out")
    return path


def free(folder: Path, data: str, kind: str) -> Path:
    """The next free numbered file, as in features/mnist-classifier-001.safetensors.

    Example:
        >>> free(Path("nowhere"), "My Data", "classifier").as_posix()
        'nowhere/my-data-classifier-001.safetensors'
    """
    stem = f"{re.sub(r'[^a-z0-9]+', '-', data.lower()).strip('-') or 'data'}-{kind}"
    taken = [
        int(match[1])
        for path in folder.glob(f"{stem}-*{ENDING}")
        if (match := re.fullmatch(rf"{stem}-(\d+)", path.stem))
    ]
    return folder / f"{stem}-{max(taken, default=0) + 1:03d}{ENDING}"


def parser() -> Parser:
    """The grammar of `vaekit features`."""
    grammar = Parser(
        prog="vaekit features",
        description="Train a small network in whose features sets of examples are compared: a classifier where "
        "examples have labels, else a contrastive network.",
    )
    grammar.add_argument(
        "data",
        type=str,
        help="digits, a folder of pictures or of IDX files, a .npy, .npz or .parquet file, hf:NAME, a pack",
    )
    grammar.add_argument("more", nargs="*", type=str, help="further folders of pictures")
    grammar.add_argument(
        "--out",
        type=str,
        default=None,
        metavar="FILE",
        help="a .safetensors; default features/DATA-KIND-001.safetensors, numbered",
    )
    grammar.add_class_arguments(FeatureOptions, None)
    grammar.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    grammar.add_argument(
        "--levels", type=int | None, default=None, help="levels of whole numbers in an array"
    )
    grammar.add_argument(
        "--binarise",
        type=Literal["dynamic", "fixed"] | None,
        default=None,
        help="two levels, drawn anew or once",
    )
    grammar.add_class_arguments(SplitOptions, "split")
    grammar.add_class_arguments(PictureOptions, None)
    return grammar
