"""vaekit sample: new examples from the prior."""

from collections.abc import Sequence

from vaekit.commands.parser import GIVEN, Arguments, Parser, positive
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Draw z from the prior, decode, and write a sheet."""
    parser = Parser(prog="vaekit sample", description="Draw new examples from a trained model.")
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument("-n", type=int, default=64, help="how many")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="scales the prior's standard deviation"
    )
    parser.add_argument("--draw", action="store_true", help="draw x from p(x|z) instead of showing its mean")
    parser.add_argument("--given", type=str, default=None, help=GIVEN)
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument(
        "-o", "--output", type=str, default=None, help="a .png; default RUN/figures/sample.png"
    )
    options = Arguments(parser.parse_args(list(arguments)))
    count = positive("-n", options.integer("n"))
    from vaekit.commands.examples import told_by_name
    from vaekit.commands.output import output_path, write_sheet
    from vaekit.noise import Noise, cut
    from vaekit.report import samples
    from vaekit.report.explore import pictured
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    if options.flag("draw") and run.vae.likelihood.measure == "none":
        raise UserError(
            f"sample: there is no p(x|z) to draw from: {run.vae.lacks_evidence}; leave out --draw"
        )
    path = output_path(run, options.optional_text("output"), "sample.png")
    noise = Noise(options.integer("seed"), (), cut(count, 1))
    vae = told_by_name(run, options.optional_text("given"))
    drawn = samples(vae, count, options.number("temperature"), options.flag("draw"), noise)
    what = "drawn from p(x|z)" if options.flag("draw") else pictured(run.vae)
    prior = type(run.vae.latents.top).__name__
    write_sheet(drawn, path, columns=round(count**0.5))
    given = options.optional_text("given")
    of = "" if given is None else f" of {given}"
    print(f"{count} samples{of} ({what}), z from the {prior} prior: {path}")
    return 0
