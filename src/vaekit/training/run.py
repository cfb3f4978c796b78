"""A run: from a configuration to a folder with a trained model, and back from the folder to the model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from lightning_fabric import Fabric

from vaekit.core import VAE
from vaekit.data import Data, fingerprint, load
from vaekit.data.batches import Examples
from vaekit.data.sources import BUILT_IN, Source
from vaekit.errors import UserError
from vaekit.files import write_text
from vaekit.recipes.recipe import Recipe
from vaekit.spec import DataSpec
from vaekit.training.config import RunConfig, read_config
from vaekit.training.device import engine
from vaekit.training.fit_prior import fit_prior
from vaekit.training.folder import RunFolder, existing_folder, new_folder, program
from vaekit.training.forecast import measure, plan_for
from vaekit.training.interrupt import Interrupted, StopRequest, stopping_on_interrupt
from vaekit.training.loop import Plan, Trainer
from vaekit.training.metrics import Metrics
from vaekit.training.model_file import ModelFacts, load_model, save_model
from vaekit.training.reporting import Reporter, clock, spoken
from vaekit.training.state import Progress, load_state, save_state

UNEVEN = 10
"""How many times wider than another a column of a table may be before a note says so."""
PYTHON_OBJECT = "(an object in Python)"
"""What a configuration names where the data had no name."""


@final
@dataclass(frozen=True, repr=False)
class Run:
    """A trained model and where it lies.

    Args:
        folder: of the run.
        config: what was trained, and how.
        vae: the model of model.safetensors, in evaluation mode.
        facts: recipe, options and data from which it was built.
        source: the data it was trained on: a name, or the object itself.
    """

    folder: RunFolder
    config: RunConfig
    vae: VAE
    facts: ModelFacts
    source: Source

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.spec.shape))
        return f"Run({str(self.folder.path)!r}, recipe={self.config.recipe!r}, examples of {shape})"

    @property
    def spec(self) -> DataSpec:
        """Of the data it was trained on."""
        return self.facts.spec

    @property
    def resume_command(self) -> str:
        """What to type to go on."""
        return f"{program()} train --resume {self.folder.path}"

    def data(self, source: Source | None = None) -> Data:
        """Load the data it was trained on again with the same splits, or others that fit the model.

        Raises:
            UserError: if other data have another shape or other levels.
        """
        config = self.config
        if source is not None and config.levels is None and config.binarise is None:
            # A file of whole numbers does not say how many levels it has; the model does.
            config = replace(config, levels=self.spec.levels)
        data = load_data(config, self.source if source is None else source)
        found, wanted = data.spec, self.facts.spec
        if (found.shape, found.levels) != (wanted.shape, wanted.levels):
            raise UserError(
                f"{data.name} has examples of shape {found.shape} with levels {found.levels}; "
                f"the model was trained on {wanted.shape} with {wanted.levels}"
            )
        return data

    def examples(self, split: str, data: Data | None = None) -> Examples:
        """A split on the model's device, with this run's seed; of its own data unless others are given."""
        held = self.data() if data is None else data
        return Examples.of(held, split, self.vae.device, self.config.training.seed)


def load_run(path: Path | str) -> Run:
    """Open the folder of a finished run.

    Raises:
        UserError: if it is not a run, is not finished, or its model file is damaged.
    """
    folder = existing_folder(Path(path))
    if not folder.model.is_file():
        raise UserError(f"{path} is not finished: vaekit train --resume {path}")
    vae, facts = load_model(folder.model)
    config = read_config(folder.config)
    return Run(folder, config, vae, facts, config.data)


def load_data(config: RunConfig, source: Source) -> Data:
    """Load the data of a configuration; `source` is its name, or the object it stands for."""
    if isinstance(source, str) and source == PYTHON_OBJECT:
        raise UserError(
            "this run was trained from Python on an object in memory: give the data again as source"
        )
    return load(source, levels=config.levels, binarise=config.binarise, split=config.split)


def start(
    config: RunConfig,
    reporter: Reporter,
    out: Path | None = None,
    source: Source | None = None,
    root: Path = Path("runs"),
) -> Run:
    """Train a model from the beginning.

    Args:
        config: what to train, and how.
        reporter: told how it goes.
        out: the run folder, not yet there; default the next numbered one under `root`.
        source: the data themselves, where `config.data` only names them.
        root: of numbered folders.

    Raises:
        UserError: for data, options or a folder that will not do; nothing is written then.
        Interrupted: on Ctrl-C, after saving.
    """
    if config.data not in BUILT_IN and Path(config.data).exists():
        # Later commands must find the data again from any folder.
        config = replace(config, data=str(Path(config.data).resolve()))
    source = config.data if source is None else source
    data = load_data(config, source)
    if data.spec.variance == 0:
        why = "all training examples are the same" if len(data.train) > 1 else "one training example is left"
        raise UserError(f"{data.name}: {why}, there is nothing to learn")
    facts = ModelFacts(config.recipe, config.options, data.spec)
    recipe = facts.build(config.training.seed)
    fabric = engine(config.training.device)
    folder = RunFolder(out) if out else new_folder(root, data.name, config.recipe)
    folder.check_free()
    train, validation = _examples(data, config, fabric)
    describe(reporter, data, recipe, config, fabric)
    if recipe.closed_form is not None:
        # The folder is made when there is something to put into it: a closed form may refuse the data.
        recipe.model.to(fabric.device)
        recipe.closed_form(recipe.model, train.all())
        folder = _claim(folder, None if out else root, data.name, config)
        save_model(folder.best, recipe.model, facts)
        return _finish(Run(folder, config, recipe.model, facts, source), recipe, train, validation, reporter)
    forecast = measure(recipe, train, validation, config.training, fabric)
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    plan = plan_for(config.training, forecast, trainer.steps_per_epoch)
    config = replace(config, training=replace(config.training, epochs=plan.epochs, minutes=None))
    folder = _claim(folder, None if out else root, data.name, config)
    reporter.say(
        f"forecast: {plan.epochs} epochs of {plan.steps_per_epoch} steps in about "
        f"{spoken(forecast.seconds(plan))}, into {folder.path}"
    )
    run = Run(folder, config, recipe.model, facts, source)
    _train(run, trainer, plan, Progress(), fingerprint(data), reporter)
    return _finish(run, recipe, train, validation, reporter)


def resume(path: Path, reporter: Reporter, source: Source | None = None) -> Run:
    """Go on where an interrupted run stopped; it ends with the weights of an uninterrupted one.

    Raises:
        UserError: if there is nothing to go on from, or the data have changed.
        Interrupted: on Ctrl-C, after saving.
    """
    folder = existing_folder(path)
    config = read_config(folder.config)
    source = config.data if source is None else source
    data = load_data(config, source)
    facts = ModelFacts(config.recipe, config.options, data.spec)
    recipe = facts.build(config.training.seed)
    fabric = engine(config.training.device)
    train, validation = _examples(data, config, fabric)
    if recipe.closed_form is not None and folder.best.is_file():
        return _finish(Run(folder, config, recipe.model, facts, source), recipe, train, validation, reporter)
    if config.training.epochs is None or recipe.closed_form is not None:
        raise UserError(f"{path} has no unfinished training to go on with")
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    print_of_data = fingerprint(data)
    plan = Plan(config.training.epochs, trainer.steps_per_epoch)
    progress = Progress()
    if folder.last.is_file():
        progress = load_state(folder.last, trainer.vae, trainer.optimisers, print_of_data)
    elif folder.model.is_file():
        progress = Progress(step=plan.steps)  # finished, and its checkpoints were cleared away
    if progress.step >= plan.steps and folder.model.is_file():
        reporter.say(f"{path} is finished: {plan.epochs} epochs are done")
        return replace(load_run(path), source=source)
    folder.best.parent.mkdir(exist_ok=True)
    reporter.say(f"resuming {path} at step {progress.step} of {plan.steps}")
    run = Run(folder, config, recipe.model, facts, source)
    _train(run, trainer, plan, progress, print_of_data, reporter)
    return _finish(run, recipe, train, validation, reporter)


def _claim(folder: RunFolder, root: Path | None, data: str, config: RunConfig) -> RunFolder:
    """Make the folder with its config.yaml; the next free one where another run took a numbered one meanwhile."""
    while True:
        try:
            folder.create()
        except UserError:
            if root is None or not folder.path.exists():
                raise
            folder = new_folder(root, data, config.recipe)
        else:
            write_text(folder.config, config.to_yaml())
            return folder


def describe(reporter: Reporter, data: Data, recipe: Recipe, config: RunConfig, fabric: Fabric) -> None:
    """Say what is about to be trained on what."""
    spec = data.spec
    levels = "floats" if spec.levels is None else f"{spec.levels} levels"
    parameters = sum(p.numel() for p in recipe.model.parameters())
    reporter.say(
        f"{data.name}: {len(data.train):,} train, {len(data.validation):,} validation, {len(data.test):,} test "
        f"examples of {'×'.join(map(str, spec.shape))}, {levels}"
    )
    reporter.say(
        f"{config.recipe}: {parameters:,} parameters, latents {dict(recipe.model.latents.sites)}, "
        f"{type(recipe.model.likelihood).__name__}, on {fabric.device}"
    )
    for note in recipe.notes:
        reporter.say(f"note: {note}")
    if not spec.is_image and spec.levels is None:
        spread = data.train.values.std(0)
        if spread.max() > UNEVEN * max(spread.min(), 1e-300):
            reporter.say(
                f"note: standard deviations of the columns run from {spread.min():.3g} to {spread.max():.3g}; "
                "one sigma sees the widest only: standardise the columns first (subtract mean, divide by deviation)"
            )


def _examples(data: Data, config: RunConfig, fabric: Fabric) -> tuple[Examples, Examples]:
    seed = config.training.seed
    train = Examples.of(data, "train", fabric.device, seed)
    return train, Examples.of(data, "validation", fabric.device, seed)


def _train(
    run: Run, trainer: Trainer, plan: Plan, progress: Progress, print_of_data: str, reporter: Reporter
) -> None:
    metrics = Metrics(run.folder.metrics, until=progress.step)
    with stopping_on_interrupt() as request:
        after_step = _saver(run, trainer, plan, progress, print_of_data, request)

        def after_validation(row: dict[str, float]) -> None:
            metrics.add(row)
            elbo = row[f"validation_elbo_{trainer.vae.likelihood.measure}"]
            if elbo > progress.best:
                progress.best, progress.best_step = elbo, progress.step
                save_model(run.folder.best, trainer.vae, run.facts)

        try:
            trainer.fit(plan, progress, reporter, after_step, after_validation)
        finally:
            reporter.close()
    if progress.best_step < 0:
        raise UserError("the validation ELBO was never finite: try a smaller --lr or --clip 100")
    reporter.say(
        f"trained {plan.steps} steps in {clock(progress.seconds)}; best validation −ELBO "
        f"{-progress.best:.2f} nats ({trainer.vae.likelihood.measure}) at epoch "
        f"{progress.best_step // plan.steps_per_epoch}"
    )


def _saver(
    run: Run, trainer: Trainer, plan: Plan, progress: Progress, print_of_data: str, request: StopRequest
) -> Callable[[], None]:
    def save() -> None:
        save_state(run.folder.last, trainer.vae, trainer.optimisers, progress, print_of_data)

    def after_step() -> None:
        if request.made or plan.validates_after(progress.step):
            trainer.check_sums(progress)
            save()
        if request.made:
            raise Interrupted(run.resume_command)

    return after_step


def _finish(run: Run, recipe: Recipe, train: Examples, validation: Examples, reporter: Reporter) -> Run:
    try:
        return finish(run, recipe, train, validation, reporter)
    except KeyboardInterrupt:
        raise Interrupted(run.resume_command) from None


def finish(run: Run, recipe: Recipe, train: Examples, validation: Examples, reporter: Reporter) -> Run:
    """Take the best checkpoint, fit the recipe's prior, and write model.safetensors."""
    vae, _ = load_model(run.folder.best)
    vae.to(train.values.device)
    if recipe.prior != "standard":
        vae, fitted = fit_prior(vae, train, validation, recipe.prior, run.config.training.seed)
        reporter.say(f"prior fitted to q(z): {fitted.name}, {fitted.gain:+.2f} nats per validation example")
    save_model(run.folder.model, vae, run.facts)
    return replace(run, vae=vae.eval())
