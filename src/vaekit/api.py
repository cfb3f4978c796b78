"""The door for Python: train, load, evaluate."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vaekit.data.sources import Source
from vaekit.data.splits import SplitOptions
from vaekit.diagnosis import Diagnosis
from vaekit.evaluation import Evaluation
from vaekit.evaluation.suite import Journal
from vaekit.metrics import Measuring
from vaekit.training.config import config_from
from vaekit.training.diagnosing import diagnose_run
from vaekit.training.imputed import Imputed, impute_run
from vaekit.training.measuring import measure_run
from vaekit.training.ranks import speaks
from vaekit.training.reporting import Reporter, Silent, reporter_for
from vaekit.training.run import PYTHON_OBJECT, Run, load_run, start
from vaekit.training.run import resume as resume_run
from vaekit.training.scored import Scored, score_run

__all__ = ["Run", "diagnose", "evaluate", "impute", "load", "resume", "score", "train"]


def train(
    source: Source,
    recipe: str | None = None,
    *,
    out: Path | str | None = None,
    quiet: bool = False,
    split: SplitOptions = SplitOptions(),  # noqa: B008 (frozen)
    **options: object,
) -> Run:
    """Train a model; the same as `vaekit train`, with any array or map-style dataset as source.

    Args:
        source: "digits"; a path, or several folders of pictures joined as "A + B"; an array (N, H, W),
            (N, C, H, W), (N, H, W, C) or (N, D); or a dataset.
        recipe: its name; default photo_vae for pictures in files, else vae.
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
    name = str(source) if isinstance(source, str | Path) else PYTHON_OBJECT
    config = config_from({"data": name, "recipe": recipe, "split": split, **options}, "the call")
    return start(config, _reporter(quiet), None if out is None else Path(out), source)


def resume(path: Path | str, source: Source | None = None, *, quiet: bool = False) -> Run:
    """Go on with an interrupted run; it ends with the weights of an uninterrupted one.

    Args:
        path: the run folder.
        source: the data themselves, where the run was trained on an object in Python.
        quiet: say nothing.

    Raises:
        UserError: if there is nothing to go on from, or the data have changed.
    """
    return resume_run(Path(path), _reporter(quiet), source)


def _reporter(quiet: bool) -> Reporter:
    return reporter_for() if speaks() and not quiet else Silent()


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
    progress: Callable[[float], None] = lambda fraction: None,
    sigma: str | None = None,
    report: Callable[[str], None] = lambda line: None,
    *,
    metrics: Sequence[str] = (),
    features: str | None = None,
    settings: Measuring = Measuring(),  # noqa: B008 (frozen)
    keep: bool = False,
) -> Evaluation:
    """Score a split of the run's own data, or of another source of the same shape and levels.

    Args:
        run: a trained model.
        source: other data; default those the run was trained on.
        split: train, validation or test.
        importance_samples: K of the IWAE bound.
        blocks: runs of 50 examples decoded at once; changes no result beyond rounding.
        progress: told the fraction of each group that is done.
        sigma: None for the model's own; "solved", "dct" or "haar" to score its means with σ² solved anew.
        report: told what a person should know of the data while they are loaded.
        metrics: groups of figures, as `vaekit evaluate --help` lists them, or "all"; default: the fast ones.
        features: the feature space of samples and memorisation, as `vaekit features` prints it.
        settings: whatever else can be set; the arguments above stand in place of its own.
        keep: whether groups that were measured already are read from the run's folder, and finished ones kept
            there, as the command does.

    Raises:
        UserError: if the data do not fit the model, or a group is unknown.
    """
    settings = replace(
        settings,
        importance_samples=importance_samples,
        blocks=blocks,
        features=settings.features if features is None else features,
    )
    return measure_run(
        run,
        source,
        split,
        settings,
        (metrics,) if isinstance(metrics, str) else metrics,
        sigma,
        Journal(run.folder.path / "evaluation") if keep else None,
        lambda group, fraction: progress(fraction),
        report,
    )


def diagnose(run: Run, source: Source | None = None) -> Diagnosis:
    """Ask what is wrong with a model, as `vaekit diagnose` does.

    Args:
        run: a trained model.
        source: the data it was trained on, where they were an object in Python.

    Raises:
        UserError: if the data cannot be had, or do not fit the model.
    """
    return diagnose_run(run, run.data(source))


def score(
    run: Run,
    source: Source | None = None,
    *,
    by: str | None = None,
    split: str | None = None,
    importance_samples: int = 100,
) -> Scored:
    """Say how unusual each example is, as `vaekit score` does; train the model on normal examples.

    Args:
        run: a trained model.
        source: other data of the same shape and levels; default those the run was trained on.
        by: iwae, −log p(x) by importance weighting; elbo; nll, the distortion; rate, the KL; error, the squared
            error of the reconstruction. Default iwae; error for autoencoders, which have no p(x).
        split: train, validation, test or all; default all of other data, test of the run's own.
        importance_samples: K of the IWAE bound.

    Raises:
        UserError: if the data do not fit the model, or the model does not have the score.

    Example:
        >>> import tempfile, numpy as np
        >>> x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train(x, latents=2, epochs=1, batch_size=16, out=folder + "/run", quiet=True)
        ...     found = score(run, np.vstack([x[:9], [[30.0, 30.0, 30.0]]]).astype(np.float32))
        >>> int(found.ranked.argmax()), bool(found.beyond[9])
        (9, True)
    """
    return score_run(run, source, split, by, importance_samples)


def impute(
    run: Run,
    source: Source | None = None,
    *,
    draws: int = 0,
    importance_samples: int = 1000,
    hide: float | None = None,
    seed: int = 0,
    split: str | None = None,
) -> Imputed:
    """Fill missing values, NaN, from the values that are there, as `vaekit impute` does.

    Args:
        run: a trained model, best of `missing_data_vae`; its likelihood must factorise over values.
        source: other data of the same shape and levels; default those the run was trained on.
        draws: imputations drawn from p(x_mis | x_obs), beside the mean.
        importance_samples: draws of z for each example.
        hide: share of the values to hide first, to see how well they come back.
        seed: of what is hidden.
        split: train, validation, test or all; default all of other data, test of the run's own.

    Raises:
        UserError: if the data do not fit the model, nothing is missing, or the model cannot fill values.

    Example:
        >>> import tempfile, numpy as np
        >>> x = np.random.default_rng(0).normal(size=(64, 1)).astype(np.float32) * np.ones(3, np.float32)
        >>> x[::5, 1] = np.nan
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train(x, "missing_data_vae", latents=1, epochs=1, out=folder + "/run", quiet=True)
        ...     filled = impute(run, x, importance_samples=50, draws=2)
        >>> filled.mean.shape, filled.draws.shape, bool(filled.mean.isnan().any()), int(filled.missing.sum())
        (torch.Size([64, 3]), torch.Size([2, 64, 3]), False, 13)
    """
    return impute_run(run, source, split, draws, importance_samples, hide, seed)
