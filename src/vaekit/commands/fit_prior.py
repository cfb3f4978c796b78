"""vaekit fit-prior: a better p(z) for a trained model."""

import sys
from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Fit the prior, write model.safetensors, and measure and draw again."""
    parser = Parser(
        prog="vaekit fit-prior", description="Fit p(z) to draws from q(z|x) over the training set."
    )
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument("--prior", type=str, default="gmm", help="gmm, gaussian, or standard for N(0, I)")
    parser.add_argument("--seed", type=int, default=0, help="of the mixture's start")
    options = Arguments(parser.parse_args(list(arguments)))
    if options.integer("seed") < 0:
        raise UserError(f"fit-prior: --seed must be at least 0, got {options.integer('seed')}")
    from dataclasses import replace

    from vaekit.commands.finish import complete
    from vaekit.files import write_text
    from vaekit.training.fit_prior import fit_prior
    from vaekit.training.model_file import save_model
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    data = run.data()
    train, validation = run.examples("train", data), run.examples("validation", data)
    vae, fitted = fit_prior(run.vae, train, validation, options.text("prior"), options.integer("seed"))
    save_model(run.folder.model, vae, run.facts)
    if "prior" in run.config.options:
        # The configuration still trains this very model again.
        config = replace(run.config, options={**run.config.options, "prior": options.text("prior")})
        write_text(run.folder.config, config.to_yaml())
    reporter = reporter_for(sys.stdout)
    reporter.say(f"prior: {fitted.name}, {fitted.gain:+.2f} nats per validation example over N(0, I)")
    complete(replace(run, vae=vae), data, reporter, next_steps=False)
    return 0
