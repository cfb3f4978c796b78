"""vaekit pack: decode once, into one file that training maps into memory."""

import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from vaekit.commands import INTERRUPTED
from vaekit.commands.parser import Parser
from vaekit.commands.train import with_sizes
from vaekit.data.options import PictureOptions
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import JOINT
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Pack a source, and say what it became; go on where an interrupted packing stopped."""
    parsed = parser().parse_args(with_sizes(arguments))
    source = JOINT.join([parsed["data"], *parsed["more"]])
    shards = parsed["shards"]
    if shards is not None and shards < 1:
        raise UserError(f"--shards must be at least 1, got {shards}")
    pictures = PictureOptions(
        **{name: parsed[name] for name in ("crop", "image_size", "channels", "flip", "unreadable")}
    )
    split = SplitOptions(**parsed["split"].as_dict())
    # Without torch: nothing here computes with a model.
    from vaekit.data.about import made_of
    from vaekit.data.packs.packing import Wish, pack_source

    target = Path(parsed["output"]).expanduser()
    if target.is_symlink() or target.name in ("", ".."):
        target = (
            target.resolve()
        )  # the new pack shall lie on the disk that the link leads to, and needs a name
    wish = Wish(target, split, parsed["levels"], pictures, shards or 0, parsed["replace"])
    started = time.monotonic()
    try:
        packed = pack_source(source, wish, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        typed = shlex.join(["vaekit", "pack", *arguments])
        print(f"\nstopped; what is decoded is kept, to go on: {typed}")
        return INTERRUPTED
    for line in made_of(packed, time.monotonic() - started):
        print(line)
    print(f"next: vaekit train {shlex.quote(str(target))}")
    return 0


def parser() -> Parser:
    """The grammar of `vaekit pack`."""
    grammar = Parser(
        prog="vaekit pack",
        description="Decode pictures, or copy arrays, into a folder that every command opens at once.",
    )
    grammar.add_argument(
        "data",
        type=str,
        help="a folder of pictures or of IDX files, a .npy, .npz or .parquet file, hf:NAME, digits, a pack",
    )
    grammar.add_argument(
        "more", nargs="*", type=str, help="further folders of pictures, taken together with the first"
    )
    grammar.add_argument("-o", "--output", type=str, required=True, metavar="PACK", help="folder of the pack")
    grammar.add_argument(
        "--levels", type=int | None, default=None, help="levels of whole numbers in an array"
    )
    grammar.add_argument(
        "--shards",
        type=int | None,
        default=None,
        help="so many files, dealt in turn, that may lie on several disks",
    )
    grammar.add_argument(
        "--replace",
        action="store_true",
        help="give up an older pack that holds more, cannot be opened, or comes from another source",
    )
    grammar.add_class_arguments(SplitOptions, "split")
    grammar.add_class_arguments(PictureOptions, None)
    return grammar
