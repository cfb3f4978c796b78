"""What happens when a model is ready: held-out figures, pictures, and three commands to type next."""

import time
from typing import Literal

from vaekit.core import Learner, Sequential
from vaekit.data import Data
from vaekit.errors import UserError
from vaekit.evaluation import Evaluation
from vaekit.evaluation.suite import Subject, measure
from vaekit.files import write_text
from vaekit.likelihoods import FixedScale, GaussianLikelihood, SolvedBands, SolvedGaussian
from vaekit.metrics import Measuring
from vaekit.objectives import corruption_of
from vaekit.report import Labelled, run_figures
from vaekit.report.explore import has_prior
from vaekit.training.folder import program, typed
from vaekit.training.metrics import read_metrics
from vaekit.training.paging import diagnosis_of, write_report
from vaekit.training.reporting import Reporter
from vaekit.training.run import Run

Page = Literal["full", "quick", "none"]
"""With the doctor, without, or no page."""
GROUPS = ("bounds", "pictures", "codes")
"""What is measured at once; vaekit evaluate measures more."""
VALUES = 100_000_000
"""How many values the evaluation at the end of training may decode, so that it stays short."""


def importance_samples_for(examples: int, dimensions: int, dear: bool = False) -> int:
    """K of the evaluation at the end of training: 500 for small sets, fewer for many, large or dear examples.

    Example:
        >>> importance_samples_for(180, 64), importance_samples_for(10_000, 784)
        (500, 12)
    """
    return max(1, min(500, VALUES // (examples * dimensions * (10 if dear else 1))))


def implied_scale(run: Run, evaluation: Evaluation) -> str:
    """What a Gaussian's σ² says: the one it has, or, where it was fixed beforehand, the β that this implies."""
    likelihood = run.vae.likelihood
    if isinstance(likelihood, SolvedGaussian):
        return f"sigma^2 = {likelihood.variance.item():.4g}, solved on validation; beta = 1 is the ELBO"
    if isinstance(likelihood, GaussianLikelihood) and isinstance(likelihood.scale, FixedScale):
        fixed, error = likelihood.scale().item() ** 2, evaluation.value("MSE", unit="")
        return (
            f"sigma^2 = {fixed:.4g}, fixed beforehand; held-out squared error {error:.4g}: "
            f"as if sigma^2 were {error:.4g} and beta = {fixed / error:.4g}"
        )
    if isinstance(likelihood, SolvedBands):
        found = likelihood.solved()
        return (
            f"sigma^2 = {found['sigma2']:.4g} on average, by band from {found['sigma2_smallest']:.2g} to "
            f"{found['sigma2_largest']:.2g}, solved on validation; beta = 1 is the ELBO"
        )
    return f"likelihood: {type(likelihood).__name__}, a {likelihood.measure}"


def _first_use(run: Run) -> str:
    folder = typed(run.folder.path)
    if corruption_of(run.facts.build().turns) is not None:
        return f"denoise {folder} 0 1 2 3 --corrupt"
    if not has_prior(run.vae):
        return f"fit-prior {folder} --prior gmm"
    return f"sample {folder} -n 100 -o samples.png"


def _page(run: Run, data: Data, reporter: Reporter, doctor: bool) -> None:
    """Ask the doctor and write the page; what fails here does not take the model with it."""
    started = time.monotonic()

    def asking(done: float, about: str) -> None:
        if reporter.due():
            reporter.progress(done, f"the doctor asks: {about}", {}, time.monotonic() - started)

    try:
        found = diagnosis_of(run, data, asking) if doctor else None
        reporter.close()
        path = write_report(run, data, found)
    except (UserError, OSError, RuntimeError, ValueError) as error:
        reporter.close()
        reporter.say(
            f"note: no page was written ({error}); vaekit report {typed(run.folder.path)} tries it again"
        )
        return
    if found is not None:
        reporter.say(f"doctor:   {found.headline().removeprefix(f'{found.run}: ')}")
    reporter.say(f"page:     {path}")


def complete(run: Run, data: Data, reporter: Reporter, next_steps: bool, page: Page = "full") -> Evaluation:
    """Evaluate the test split, draw the figures, ask the doctor, write the page, and say where all is."""
    test = run.examples("test", data)
    dear = isinstance(run.vae.likelihood, Sequential) or isinstance(run.vae.latents.top, Learner)
    samples = importance_samples_for(len(test), run.spec.dimensions, dear)
    started = time.monotonic()

    def show(group: str, fraction: float) -> None:
        if reporter.due():
            reporter.progress(fraction, f"measuring the test split, {group}", {}, time.monotonic() - started)

    try:
        evaluation = measure(
            Subject(run.vae, test, run.spec, "test", data), GROUPS, Measuring(samples), progress=show
        )
    finally:
        reporter.close()
    write_text(run.folder.evaluation, evaluation.to_json())
    rows = read_metrics(run.folder.metrics)
    held_out = Labelled(test, data.test.labels)
    codes = Labelled(run.examples("train", data), data.train.labels)
    figures = run_figures(run.vae, run.spec, held_out, codes, rows, run.folder.figures)
    reporter.say(evaluation.table())
    if run.vae.lacks_evidence is None:
        reporter.say(implied_scale(run, evaluation))
    if figures.overlap is not None and figures.overlap_classes is not None:
        a, b = figures.overlap_classes
        reporter.say(
            f"training classes {a} and {b} overlap in latent space by {figures.overlap:.2f} (0: apart, 1: the same)"
        )
    first = next((path for path in figures.paths if path.stem == "samples"), figures.paths[0])
    reporter.say(f"model:    {run.folder.model}\npictures: {first} and others beside it")
    if page != "none":
        _page(run, data, reporter, doctor=page == "full")
    if next_steps:
        folder = typed(run.folder.path)
        reporter.say(
            "next:\n"
            f"  {program()} {_first_use(run)}\n"
            f"  {program()} evaluate {folder}{'' if run.vae.deterministic else ' --importance_samples 500'}\n"
            f"  {program()} verify"
        )
    return evaluation
