"""vaekit fit-prior: a better p(z) for a trained model."""

import sys
from collections.abc import Sequence
from typing import Literal

from vaekit.commands.parser import Arguments, Parser, positive
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Fit the prior, write model.safetensors, and measure and draw again."""
    parser = Parser(
        prog="vaekit fit-prior", description="Fit p(z) to draws from q(z|x) over the training set."
    )
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument(
        "--prior",
        type=str | None,
        default=None,
        help="gmm (the default), gaussian, vamp, flow, flow_matching or two_stage, or standard for the one it was "
        "trained with; for codes pixelcnn (the default) or uniform",
    )
    parser.add_argument(
        "--epochs",
        type=int | None,
        default=None,
        help="passes over the training set of a prior that is trained (vamp, flow, flow_matching, two_stage, "
        "pixelcnn); default as many as make 4,000 steps, or 1,500 of pixelcnn",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the start of what is fitted")
    parser.add_argument(
        "--report",
        type=Literal["full", "quick", "none"],
        default="full",
        help="report.html written anew: full, quick (without the doctor) or none",
    )
    parsed = parser.parse_args(list(arguments))
    options = Arguments(parsed)
    if options.integer("seed") < 0:
        raise UserError(f"fit-prior: --seed must be at least 0, got {options.integer('seed')}")
    given = options.optional_text("epochs")
    epochs = None if given is None else positive("fit-prior: --epochs", int(given))
    from dataclasses import replace

    from vaekit.commands.finish import complete
    from vaekit.core import Bounded
    from vaekit.files import write_text
    from vaekit.training.fit_prior import best_prior, fit_prior
    from vaekit.training.model_file import save_model
    from vaekit.training.own_prior import own_prior
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    data = run.data()
    train, validation = run.examples("train", data), run.examples("validation", data)
    kind = options.optional_text("prior") or best_prior(run.vae)
    reporter = reporter_for(sys.stdout)
    seed = options.integer("seed")
    vae, fitted = fit_prior(run.vae, train, validation, kind, seed, epochs, reporter, own_prior(run))
    save_model(run.folder.model, vae, run.facts)
    if "prior" in run.config.options:
        # The configuration trains such a model again, with the seed of the run.
        chosen = {"prior": kind} | ({"prior_epochs": epochs} if "prior_epochs" in run.config.options else {})
        config = replace(run.config, options={**run.config.options, **chosen})
        write_text(run.folder.config, config.to_yaml())
    reporter.say(f"prior: {fitted.sentence()}")
    if isinstance(fitted.prior, Bounded):
        reporter.say(f"note: {fitted.prior.lacks_density}: this model has no evidence to report now")
    complete(replace(run, vae=vae), data, reporter, next_steps=False, page=parsed["report"])
    return 0
