"""vaekit reconstruct: examples beside what the model makes of them."""

from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser


def main(arguments: Sequence[str]) -> int:
    """Encode and decode the given examples, or the first of the test split."""
    parser = Parser(prog="vaekit reconstruct", description="Show examples above their reconstructions.")
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument(
        "images", nargs="*", type=str, help="paths or indices; default the first 32 of the split"
    )
    parser.add_argument("--split", type=str, default="test", help="train, validation or test")
    parser.add_argument(
        "-o", "--output", type=str, default=None, help="a .png; default RUN/figures/reconstruct.png"
    )
    options = Arguments(parser.parse_args(list(arguments)))
    from vaekit.commands.examples import named_examples
    from vaekit.commands.output import output_path
    from vaekit.report import reconstructions, save_png
    from vaekit.report.explore import DRAWN, pictured
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    names, split = options.texts("images"), options.text("split")
    x = named_examples(run, names, split) if names else run.examples(split).first(32)
    path = output_path(run, options.optional_text("output"), "reconstruct.png")
    save_png(reconstructions(run.vae, x), path)
    said = f"{len(x)} reconstructions"
    if pictured(run.vae) != DRAWN and run.spec.columns is None:
        said += f", mean squared error {(x - run.vae.reconstruct(x)).square().nanmean().item():.5f}"
    print(f"{said}: {path}")
    return 0
