"""The door for Python: train, load, evaluate."""

from pathlib import Path

from vaekit.data.batches import Examples
from vaekit.data.sources import Source
from vaekit.data.splits import SplitOptions
from vaekit.evaluation import Evaluation
from vaekit.evaluation import evaluate as evaluate_model
from vaekit.training.config import config_from
from vaekit.training.reporting import Silent, reporter_for
from vaekit.training.run import Run, load_run, start

__all__ = ["Run", "evaluate", "load", "train"]


def train(
    source: Source,
    recipe: str = "vae",
    *,
    out: Path | str | None = None,
    quiet: bool = False,
    split: SplitOptions = SplitOptions(),  # noqa: B008 (frozen)
    **options: object,
) -> Run:
    """Train a model; the same as `vaekit train`, with any array or map-style dataset as source.

    Args:
        source: "digits", a path, an array (N, H, W), (N, C, H, W), (N, H, W, C) or (N, D), or a dataset.
        recipe: name of the recipe.
        out: run folder; default the next numbered one under runs/.
        quiet: say nothing.
        split: fractions and seed of the splits.
        options: those of the recipe and of training, as `vaekit train --recipe RECIPE --help` lists them.

    Raises:
        UserError: for data or options that will not do.

    Example:
        >>> import tempfile, numpy as np
        >>> x = np.random.default_rng(0).integers(0, 2, (64, 8, 8)).astype(np.uint8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train(x, latents=2, epochs=1, batch_size=16, out=folder + "/run", quiet=True)
        ...     evaluate(run, importance_samples=5).value("IWAE-5") > 0
        True
    """
    name = str(source) if isinstance(source, str | Path) else "array"
    config = config_from({"data": name, "recipe": recipe, "split": split, **options}, "the call")
    return start(config, Silent() if quiet else reporter_for(), None if out is None else Path(out), source)


def load(path: Path | str) -> Run:
    """Open the folder of a finished run.

    Raises:
        UserError: if it is not a run, is not finished, or its model file is damaged.
    """
    return load_run(path)


def evaluate(
    run: Run,
    source: Source | None = None,
    split: str = "test",
    importance_samples: int = 500,
    blocks: int = 2,
) -> Evaluation:
    """Score a split of the run's own data, or of another source of the same shape and levels.

    Args:
        run: a trained model.
        source: other data; default those the run was trained on.
        split: train, validation or test.
        importance_samples: K of the IWAE bound.
        blocks: runs of 50 examples decoded at once; changes no result beyond rounding.

    Raises:
        UserError: if the data do not fit the model.
    """
    data = run.data(source)
    device = next(iter(run.vae.state_dict().values())).device
    examples = Examples.of(data, data.split(split), device, run.config.training.seed)
    return evaluate_model(run.vae, examples, run.spec, split, importance_samples, blocks)
