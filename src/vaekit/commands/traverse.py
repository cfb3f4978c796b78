"""vaekit traverse: what each latent dimension does."""

from collections.abc import Sequence

from vaekit.commands.parser import GIVEN, Arguments, Parser


def main(arguments: Sequence[str]) -> int:
    """Move along each latent dimension of one example, the most informative first."""
    parser = Parser(prog="vaekit traverse", description="Move along each latent dimension, largest KL first.")
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument(
        "-o", "--output", type=str, default=None, help="a .png; default RUN/figures/traverse.png"
    )
    parser.add_argument("--given", type=str, default=None, help=f"{GIVEN}; default: that of the example")
    options = Arguments(parser.parse_args(list(arguments)))
    from vaekit.commands.examples import told_by_name
    from vaekit.commands.output import output_path
    from vaekit.report import save_png, traversal
    from vaekit.told import plain
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    path = output_path(run, options.optional_text("output"), "traverse.png")
    x, given = run.examples("test").first(1000), options.optional_text("given")
    image, dimensions = traversal(told_by_name(run, given), x if given is None else plain(x))
    save_png(image, path)
    order = "variance" if run.vae.deterministic else "KL"
    print(f"latent dimensions {', '.join(map(str, dimensions))}, by {order}: {path}")
    return 0
