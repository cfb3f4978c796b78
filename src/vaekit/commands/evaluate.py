"""vaekit evaluate: bounds of the evidence."""

from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser, positive


def main(arguments: Sequence[str]) -> int:
    """Score a split and write evaluation.json."""
    parser = Parser(prog="vaekit evaluate", description="−ELBO and its parts, IWAE, MSE, PSNR of a split.")
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument("data", nargs="?", type=str, help="other data; default those the run was trained on")
    parser.add_argument("--split", type=str, default="test", help="train, validation or test")
    parser.add_argument("--importance_samples", type=int, default=500, help="K of the IWAE bound")
    parser.add_argument(
        "--blocks", type=int, default=2, help="runs of 50 examples at once; changes no result"
    )
    options = Arguments(parser.parse_args(list(arguments)))
    samples = positive("--importance_samples", options.integer("importance_samples"))
    blocks = positive("--blocks", options.integer("blocks"))
    from vaekit.api import evaluate
    from vaekit.training.files import write_text
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    source, split = options.optional_text("data"), options.text("split")
    evaluation = evaluate(run, source, split, samples, blocks)
    own = source is None and split == "test"
    path = (
        run.folder.evaluation
        if own
        else run.folder.path / f"evaluation-{split}{'' if source is None else '-other'}.json"
    )
    write_text(path, evaluation.to_json())
    print(evaluation.table())
    print(f"written to {path}")
    return 0
