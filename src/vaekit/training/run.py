"""A run: from a configuration to a folder with a trained model, and back from the folder to the model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from lightning_fabric import Fabric

from vaekit.core import VAE
from vaekit.data import Data, fingerprint, load
from vaekit.data.batches import Examples
from vaekit.data.photographs import as_table
from vaekit.data.sources import Source, absolute, fitting
from vaekit.errors import UserError
from vaekit.files import write_text
from vaekit.recipes.recipe import Recipe
from vaekit.report.epoch_sheets import EpochSheets
from vaekit.spec import DataSpec
from vaekit.training.config import RunConfig, read_config
from vaekit.training.describe import describe
from vaekit.training.device import engine
from vaekit.training.fit_prior import fit_prior
from vaekit.training.folder import RunFolder, existing_folder, new_folder, program, typed
from vaekit.training.forecast import measure, plan_for
from vaekit.training.interrupt import Interrupted, stopping_on_interrupt
from vaekit.training.loop import Trainer
from vaekit.training.model_file import ModelFacts, load_model, save_model
from vaekit.training.patience import ending
from vaekit.training.plan import Plan
from vaekit.training.record import Record
from vaekit.training.reporting import Reporter, clock, spoken
from vaekit.training.state import Progress, load_state
from vaekit.training.tensorboard import check_installed

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
        return f"{program()} train --resume {typed(self.folder.path)}"

    def data(self, source: Source | None = None, report: Callable[[str], None] = lambda line: None) -> Data:
        """Load the data it was trained on again with the same splits, or others that fit the model.

        Raises:
            UserError: if other data have another shape or other levels.
        """
        config = self.config
        if source is not None and config.levels is None and config.binarise is None:
            # A file of whole numbers does not say how many levels it has; the model does.
            config = replace(config, levels=self.spec.levels)
        if source is not None:
            config = replace(config, pictures=fitting(source, self.spec.shape, config.pictures))
        data = load_data(config, self.source if source is None else source, report)
        data.spec.check_fits(self.facts.spec, data.name, "the model was trained on")
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
        raise UserError(f"{path} is not finished: vaekit train --resume {typed(folder.path)}")
    vae, facts = load_model(folder.model)
    config = read_config(folder.config)
    return Run(folder, config, vae, facts, config.data)


def load_data(config: RunConfig, source: Source, report: Callable[[str], None] = lambda line: None) -> Data:
    """Load the data of a configuration; `source` is its name, or the object it stands for."""
    if isinstance(source, str) and source == PYTHON_OBJECT:
        raise UserError(
            "this run was trained from Python on an object in memory: give the data again as source"
        )
    return load(
        source,
        levels=config.levels,
        binarise=config.binarise,
        split=config.split,
        pictures=config.pictures,
        report=report,
    )


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
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    if config.training.tensorboard:
        check_installed()
    # Later commands must find the data again from any folder.
    config = replace(config, data=absolute(config.data))
    source = config.data if source is None else source
    data = load_data(config, source, reporter.say)
    if data.transform is not None:
        # And they must make other pictures fit in the same way.
        config = replace(config, pictures=data.transform.options(config.pictures, data.flip))
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
        folder = _claim(folder, None if out else root, data, config)
        save_model(folder.best, recipe.model, facts)
        return _finish(Run(folder, config, recipe.model, facts, source), recipe, train, validation, reporter)
    forecast = measure(recipe, train, validation, config.training, fabric)
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    plan = plan_for(config.training, forecast, trainer.steps_per_epoch)
    config = replace(config, training=replace(config.training, epochs=plan.epochs, minutes=None))
    folder = _claim(folder, None if out else root, data, config)
    reporter.say(
        f"forecast: {plan.epochs} epochs of {plan.steps_per_epoch} steps in about "
        f"{spoken(forecast.seconds(plan))}, into {folder.path}"
    )
    run = Run(folder, config, recipe.model, facts, source)
    _train(run, trainer, plan, Progress(), data, fingerprint(data), reporter)
    return _finish(run, recipe, train, validation, reporter)


def resume(path: Path, reporter: Reporter, source: Source | None = None) -> Run:
    """Go on where an interrupted run stopped; it ends with the weights of an uninterrupted one.

    Raises:
        UserError: if there is nothing to go on from, or the data have changed.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    folder = existing_folder(path)
    config = read_config(folder.config)
    if config.training.tensorboard:
        check_installed()
    source = config.data if source is None else source
    data = load_data(config, source, reporter.say)
    facts = ModelFacts(config.recipe, config.options, data.spec)
    recipe = facts.build(config.training.seed)
    fabric = engine(config.training.device)
    train, validation = _examples(data, config, fabric)
    if recipe.closed_form is not None and folder.best.is_file():
        return _finish(Run(folder, config, recipe.model, facts, source), recipe, train, validation, reporter)
    if config.training.epochs is None or recipe.closed_form is not None:
        raise UserError(f"{path} has no unfinished training to go on with")
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    plan = Plan(config.training.epochs, trainer.steps_per_epoch)
    progress = Progress()
    print_of_data = fingerprint(data)
    if folder.last.is_file():
        progress = load_state(folder.last, trainer.vae, trainer.optimisers, trainer.averages, print_of_data)
    elif folder.model.is_file():
        progress = Progress(step=plan.steps)  # finished, and its checkpoints were cleared away
    if trainer.is_over(plan, progress) and folder.model.is_file():
        reporter.say(f"{path} is finished: {ending(plan, config.training.patience, progress.step)}")
        return replace(load_run(path), source=source)
    folder.best.parent.mkdir(exist_ok=True)
    reporter.say(f"resuming {path} at step {progress.step} of {plan.steps}")
    run = Run(folder, config, recipe.model, facts, source)
    _train(run, trainer, plan, progress, data, print_of_data, reporter)
    return _finish(run, recipe, train, validation, reporter)


def _claim(folder: RunFolder, root: Path | None, data: Data, config: RunConfig) -> RunFolder:
    """Make the folder with its config.yaml; the next free one where another run took a numbered one meanwhile."""
    while True:
        try:
            folder.create()
        except UserError:
            if root is None or not folder.path.exists():
                raise
            folder = new_folder(root, data.name, config.recipe)
        else:
            write_text(folder.config, config.to_yaml())
            if data.unreadable:
                write_text(folder.path / "unreadable.csv", as_table(data.unreadable))
            return folder


def _examples(data: Data, config: RunConfig, fabric: Fabric) -> tuple[Examples, Examples]:
    seed = config.training.seed
    train = Examples.of(data, "train", fabric.device, seed)
    return train, Examples.of(data, "validation", fabric.device, seed)


def _train(
    run: Run,
    trainer: Trainer,
    plan: Plan,
    progress: Progress,
    data: Data,
    print_of_data: str,
    reporter: Reporter,
) -> None:
    labels, seed = data.validation.labels, run.config.training.seed
    sheets = EpochSheets.of(trainer.validation_examples, labels, seed) if data.spec.is_image else None
    record = Record(run.folder, run.facts, trainer, plan, progress, sheets, print_of_data)
    with stopping_on_interrupt() as request:

        def after_step() -> None:
            record.after_step(request)
            if request.made:
                raise Interrupted(run.resume_command)

        try:
            trainer.fit(plan, progress, reporter, after_step, record.after_validation)
        except KeyboardInterrupt:
            raise Interrupted(run.resume_command, saved=False) from None
        finally:
            reporter.close()
            record.close()
    if progress.best_step < 0:
        raise UserError("the validation ELBO was never finite: try a smaller --lr or --clip 100")
    if progress.step < plan.steps:
        reporter.say(ending(plan, trainer.options.patience, progress.step))
    reporter.say(
        f"trained {progress.step} steps in {clock(progress.seconds)}; best validation −ELBO "
        f"{-progress.best:.2f} nats ({trainer.vae.likelihood.measure}) at epoch "
        f"{progress.best_step // plan.steps_per_epoch}"
    )


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
