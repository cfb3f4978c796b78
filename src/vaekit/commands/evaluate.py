"""vaekit evaluate: bounds of the evidence."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

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
    parser.add_argument(
        "--sigma",
        type=Literal["solved", "dct", "haar"] | None,
        default=None,
        help="score the means of a Gaussian model with sigma^2 solved anew on validation: one, or one per band",
    )
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    options = Arguments(parser.parse_args(list(arguments)))
    samples = positive("--importance_samples", options.integer("importance_samples"))
    blocks = positive("--blocks", options.integer("blocks"))
    from vaekit.api import evaluate
    from vaekit.files import write_text
    from vaekit.training.device import engine
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    run.vae.to(engine(options.text("device")).device)
    source, split = options.optional_text("data"), options.text("split")
    sigma = options.optional_text("sigma")
    reporter = reporter_for(sys.stdout)
    started = time.monotonic()

    def show(fraction: float) -> None:
        if reporter.due():
            where = f"{split} split, {samples} importance samples"
            reporter.progress(fraction, where, {}, time.monotonic() - started)

    try:
        evaluation = evaluate(run, source, split, samples, blocks, show, sigma, reporter.say)
    finally:
        reporter.close()
    stem = "evaluation" if split == "test" else f"evaluation-{split}"
    other = "" if source is None else f"-{Path(source).stem}"
    scored = "" if sigma is None else f"-sigma-{sigma}"
    path = run.folder.path / f"{stem}{other}{scored}.json"
    write_text(path, evaluation.to_json())
    print(evaluation.table())
    print(f"written to {path}")
    return 0
