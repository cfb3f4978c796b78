"""vaekit score: how unusual a model finds each example."""

from collections.abc import Sequence
from typing import Literal

from vaekit.commands.parser import Arguments, Parser, positive


def main(arguments: Sequence[str]) -> int:
    """Write a score for each example, and say how many lie beyond what the run's validation split has."""
    parser = Parser(
        prog="vaekit score",
        description="Find anomalies: write −log p(x) of each example, by the IWAE bound, in nats; the higher, the "
        "more unusual. Train the model on normal examples. Where labels are 0 and 1, 1 counts as anomalous and the "
        "ROC-AUC is told.",
    )
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument(
        "data",
        nargs="?",
        type=str,
        default=None,
        help="digits, a folder of pictures or of IDX files, a .npy, .npz or .parquet file, hf:NAME; default those "
        "the run was trained on",
    )
    parser.add_argument(
        "-o", "--output", type=str, default=None, help="a .csv, one row per example; default RUN/scores.csv"
    )
    parser.add_argument(
        "--by",
        type=Literal["iwae", "elbo", "nll", "rate", "error"] | None,
        default=None,
        help="what ranks: iwae, −log p(x) by importance weighting; elbo; nll, the distortion; rate, the KL; error, "
        "the squared error of the reconstruction. Default iwae; error for autoencoders, which have no p(x)",
    )
    parser.add_argument(
        "--split",
        type=str,
        default=None,
        help="train, validation, test or all; default all of other data, test of the run's own",
    )
    parser.add_argument("--importance_samples", type=int, default=100, help="K of the IWAE bound")
    parser.add_argument(
        "--sort", action="store_true", help="the most unusual first; else as the source has them"
    )
    options = Arguments(parser.parse_args(list(arguments)))
    draws = positive("--importance_samples", options.integer("importance_samples"))
    from pathlib import Path

    from vaekit.training.run import load_run
    from vaekit.training.scored import score_run, write_scores

    run = load_run(options.text("run"))
    given = options.optional_text("output")
    path = run.folder.path / "scores.csv" if given is None else Path(given)
    names = (options.optional_text(name) for name in ("data", "split", "by"))
    scored = score_run(run, *names, importance_samples=draws, report=print)
    write_scores(path, scored, options.flag("sort"))
    print(scored.summary())
    print(f"written to {path}")
    return 0
