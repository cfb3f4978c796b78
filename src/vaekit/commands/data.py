"""vaekit data: what a source or a pack holds."""

from collections.abc import Sequence
from pathlib import Path

from vaekit.commands.parser import Parser
from vaekit.commands.train import with_sizes
from vaekit.data.options import PictureOptions
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import JOINT
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Print what there is to know, and draw a contact sheet of images; nothing is decoded but what is drawn."""
    parsed = parser().parse_args(with_sizes(arguments))
    source = JOINT.join([parsed["data"], *parsed["more"]])
    pictures = PictureOptions(
        **{name: parsed[name] for name in ("crop", "image_size", "channels", "flip", "unreadable")}
    )
    sheet = None if parsed["output"] is None else Path(parsed["output"]).expanduser()
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise UserError(f"data: the contact sheet is written as PNG; {sheet} should end in .png")
    from vaekit.data.about import about

    split = SplitOptions(**parsed["split"].as_dict())
    for line in about(source, parsed["levels"], split, pictures, sheet, parsed["verify"]):
        print(line, flush=True)
    return 0


def parser() -> Parser:
    """The grammar of `vaekit data`."""
    grammar = Parser(prog="vaekit data", description="Tell what a source or a pack holds.")
    grammar.add_argument(
        "data",
        type=str,
        help="a pack, a folder of pictures or of IDX files, a .npy, .npz or .parquet file, hf:NAME, digits, shapes, "
        "sprites",
    )
    grammar.add_argument("more", nargs="*", type=str, help="further folders of pictures")
    grammar.add_argument(
        "-o",
        "--output",
        type=str,
        default=None,
        metavar="SHEET",
        help="a .png; default NAME-contact-sheet.png here",
    )
    grammar.add_argument(
        "--verify", action="store_true", help="read a pack whole, and compare with its fingerprint"
    )
    grammar.add_argument(
        "--levels", type=int | None, default=None, help="levels of whole numbers in an array"
    )
    grammar.add_class_arguments(SplitOptions, "split")
    grammar.add_class_arguments(PictureOptions, None)
    return grammar
