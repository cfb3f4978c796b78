"""What happens when a model is ready: held-out figures, pictures, and three commands to type next."""

from vaekit.data.batches import Examples
from vaekit.evaluation import Evaluation, evaluate
from vaekit.report import Labelled, run_figures
from vaekit.training.files import write_text
from vaekit.training.metrics import read_metrics
from vaekit.training.reporting import Reporter
from vaekit.training.run import Run

DECODES = 100_000
"""How many images the evaluation at the end of training may decode, so that it stays short."""


def importance_samples_for(examples: int) -> int:
    """K of the evaluation at the end of training: 500 for small sets, fewer for large ones.

    Example:
        >>> importance_samples_for(180), importance_samples_for(10_000)
        (500, 10)
    """
    return max(1, min(500, DECODES // examples))


def complete(run: Run, reporter: Reporter, next_steps: bool) -> Evaluation:
    """Evaluate the test split, draw the figures, and say where they are."""
    data = run.data()
    device = next(iter(run.vae.parameters())).device
    test = Examples.of(data, data.test, device, run.config.training.seed)
    evaluation = evaluate(run.vae, test, run.spec, "test", importance_samples_for(len(test)))
    write_text(run.folder.evaluation, evaluation.to_json())
    rows = read_metrics(run.folder.metrics)
    train = Examples.of(data, data.train, device, run.config.training.seed)
    held_out, codes = Labelled(test, data.test.labels), Labelled(train, data.train.labels)
    figures = run_figures(run.vae, run.spec, held_out, codes, rows, run.folder.figures)
    reporter.say(evaluation.table())
    if figures.overlap is not None and figures.overlap_classes is not None:
        a, b = figures.overlap_classes
        reporter.say(
            f"training classes {a} and {b} overlap in latent space by {figures.overlap:.2f} (0: apart, 1: the same)"
        )
    reporter.say(
        f"model:    {run.folder.model}\npictures: {run.folder.figures}/samples.png and others beside it"
    )
    if next_steps:
        reporter.say(
            "next:\n"
            f"  vaekit sample {run.folder.path} -n 100 -o samples.png\n"
            f"  vaekit evaluate {run.folder.path} --importance_samples 500\n"
            "  vaekit verify"
        )
    return evaluation
