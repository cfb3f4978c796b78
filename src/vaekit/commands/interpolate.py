"""vaekit interpolate: from one example to another through latent space."""

from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser
from vaekit.errors import UserError

ONE_ROW = 12
"""Steps that fit beside each other, with the originals at both ends; more of them are wrapped."""


def main(arguments: Sequence[str]) -> int:
    """Decode points on the line between two codes."""
    parser = Parser(prog="vaekit interpolate", description="Walk between two examples in latent space.")
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument("a", type=str, help="a path, or an index in the split")
    parser.add_argument("b", type=str, help="a path, or an index in the split")
    parser.add_argument("--steps", type=int, default=9, help="pictures, both ends included")
    parser.add_argument("--split", type=str, default="test", help="train, validation or test")
    parser.add_argument(
        "-o", "--output", type=str, default=None, help="a .png; default RUN/figures/interpolate.png"
    )
    options = Arguments(parser.parse_args(list(arguments)))
    steps = options.integer("steps")
    if steps < 2:
        raise UserError(f"--steps must be at least 2, got {steps}")
    from vaekit.commands.examples import named_examples
    from vaekit.commands.output import output_path, write_sheet
    from vaekit.report import interpolate, interpolations, save_png
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    ends = named_examples(run, [options.text("a"), options.text("b")], options.text("split"))
    path = output_path(run, options.optional_text("output"), "interpolate.png")
    if steps <= ONE_ROW:
        save_png(interpolations(run.vae, ends[:1], ends[1:], steps), path)
    else:
        write_sheet(interpolate(run.vae, ends[0], ends[1], steps), path, columns=ONE_ROW)
    print(f"{steps} steps from {options.text('a')} to {options.text('b')}: {path}")
    return 0
