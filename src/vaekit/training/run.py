"""A run: from a configuration to a folder with a trained model, and on from the folder where it stopped."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from lightning_fabric import Fabric

from vaekit.data import Data, fingerprint
from vaekit.data.batches import Examples
from vaekit.data.photographs import as_table
from vaekit.data.sources import Source, absolute
from vaekit.data.walk import sources_in
from vaekit.errors import UserError
from vaekit.files import write_text
from vaekit.recipes.recipe import FOR_START
from vaekit.spec import DataSpec
from vaekit.training.config import RunConfig, read_config
from vaekit.training.describe import describe
from vaekit.training.device import engine
from vaekit.training.files import read_tensors
from vaekit.training.folder import RunFolder, existing_folder, new_folder, program, typed
from vaekit.training.forecast import plan_for
from vaekit.training.loop import Trainer
from vaekit.training.model_file import ModelFacts, save_model
from vaekit.training.opened import PYTHON_OBJECT, Run, load_data, load_run
from vaekit.training.options import TrainingOptions
from vaekit.training.patience import ending
from vaekit.training.plan import Plan
from vaekit.training.ranks import Ranks, from_environment
from vaekit.training.reporting import Reporter, spoken
from vaekit.training.sitting import Sitting
from vaekit.training.state import Progress, load_state
from vaekit.training.team import Team
from vaekit.training.tensorboard import check_installed
from vaekit.training.trial import never_captured, settle

__all__ = ["PYTHON_OBJECT", "Run", "agreed", "load_data", "load_run", "resume", "start"]


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
    ranks = from_environment()
    training = agreed(config.training, ranks)
    # Later commands must find the data again from any folder.
    config = replace(config, data=absolute(config.data), training=training)
    fabric = engine(training.device, ranks)
    team = Team(fabric)
    with team.one_fate():
        return _start(config, reporter, out, config.data if source is None else source, root, fabric, team)


def _start(
    config: RunConfig,
    reporter: Reporter,
    out: Path | None,
    source: Source,
    root: Path,
    fabric: Fabric,
    team: Team,
) -> Run:
    data = team.in_turn(lambda: load_data(config, source, reporter.say))
    if data.transform is not None:
        # And they must make other pictures fit in the same way.
        config = replace(config, pictures=data.transform.options(config.pictures, data.flip))
    if data.columns is not None:
        # What was guessed holds for other tables, too.
        config = replace(config, columns=",".join(column.written for column in data.columns))
    spec = team.lead(lambda: _learnable(data))
    facts = ModelFacts(config.recipe, config.options, spec)
    recipe = facts.build(config.training.seed)
    folder = RunFolder(out) if out else new_folder(root, data.name, config.recipe)
    team.lead(folder.check_free)
    train, validation = _examples(data, config, fabric)
    if team.leads:
        describe(reporter, data, recipe, config, fabric)
    claim = partial(_claim, folder, None if out else root, data)
    if recipe.closed_form is not None:
        if team.world > 1:
            raise UserError(
                f"recipe {config.recipe} is solved in closed form by one process: leave out --devices"
            )
        # The folder is made when there is something to put into it: a closed form may refuse the data.
        recipe.model.to(fabric.device)
        recipe.closed_form(recipe.model, train.all())
        folder = claim(config)
        save_model(folder.best, recipe.model, facts)
        run = Run(folder, config, recipe.model, facts, source)
        return Sitting(run, recipe, train, validation, reporter, team).finish()
    conditioning = recipe.model.conditioning
    if conditioning is not None and train.contexts is not None:
        conditioning.to(fabric.device).remember(train.contexts)
    if recipe.initialise is not None:
        recipe.initialise(recipe.model.to(fabric.device), train.first(FOR_START))
    training, forecast = settle(recipe, train, validation, config.training, fabric, reporter.say)
    config = replace(config, training=training)
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    plan = plan_for(config.training, forecast, trainer.steps_per_epoch)
    config = replace(config, training=replace(config.training, epochs=plan.epochs, minutes=None))
    folder = team.lead(lambda: claim(config))
    reporter.say(
        f"forecast: {plan.epochs} epochs of {plan.steps_per_epoch} steps in about "
        f"{spoken(forecast.seconds(plan))}, into {folder.path}"
    )
    run = Run(folder, config, recipe.model, facts, source)
    sitting = Sitting(run, recipe, train, validation, reporter, team)
    sitting.train(trainer, plan, Progress(), data, team.lead(lambda: fingerprint(data)))
    return sitting.finish()


def resume(path: Path, reporter: Reporter, source: Source | None = None) -> Run:
    """Go on where an interrupted run stopped; it ends with the weights of an uninterrupted one.

    Args:
        path: the run folder, which rank 0 alone reads.
        reporter: told how it goes.
        source: the data, where they are an object in Python or were moved; config.yaml then names the new place.

    Raises:
        UserError: if there is nothing to go on from, or the data have changed.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    folder, ranks = RunFolder(path), from_environment()
    # Who finds no folder, or an old one, joins first all the same: the others would wait for it.
    fabric = engine(_device_of(folder), ranks)
    team = Team(fabric)
    with team.one_fate():
        config = team.lead(lambda: read_config(existing_folder(path).config))
        if config.training.tensorboard:
            team.lead(check_installed)
        if source is None:
            _check_not_moved(config.data, folder)
        # The devices of this sitting are those it was started on; the others' are in config.yaml.
        training = replace(config.training, devices=ranks.local_world, nodes=ranks.nodes)
        config = replace(config, training=training)
        return _resume(folder, config, reporter, config.data if source is None else source, fabric, team)


def _resume(
    folder: RunFolder, config: RunConfig, reporter: Reporter, source: Source, fabric: Fabric, team: Team
) -> Run:
    data = team.in_turn(lambda: load_data(config, source, reporter.say))
    facts = ModelFacts(config.recipe, config.options, team.lead(lambda: data.spec))
    recipe = facts.build(config.training.seed)
    train, validation = _examples(data, config, fabric)
    run = Run(folder, config, recipe.model, facts, source)
    sitting = Sitting(run, recipe, train, validation, reporter, team)
    if recipe.closed_form is not None and team.lead(folder.best.is_file):
        return sitting.finish()
    epochs = config.training.epochs
    if epochs is None or recipe.closed_form is not None:
        raise UserError(f"{folder.path} has no unfinished training to go on with")
    if config.training.captured and (why := never_captured(config.training, fabric)):
        # The same steps, but one by one: somebody goes on where there is no such device, or with several.
        reporter.say(f"note: {why.split(':')[0]}; going on without")
        config = replace(config, training=replace(config.training, captured=False))
    trainer = Trainer(recipe, train, validation, config.training, fabric)
    plan = Plan(epochs, trainer.steps_per_epoch)
    progress = Progress()
    print_of_data = team.lead(lambda: fingerprint(data))
    stopped, finished = team.lead(lambda: (folder.last.is_file(), folder.model.is_file()))
    if stopped:
        progress = load_state(
            folder.last,
            trainer.vae,
            trainer.optimisers,
            trainer.averages,
            print_of_data,
            lambda path: team.lead(lambda: read_tensors(path)),
        )
    elif finished:
        progress = Progress(step=plan.steps)  # and its checkpoints were cleared away
    if stopped or not finished:
        # Where the data have another place now, the fingerprint has shown that they are the same.
        team.lead(lambda: _name_place(folder, source))
    if trainer.is_over(plan, progress) and finished:
        reporter.say(f"{folder.path} is finished: {ending(plan, config.training.patience, progress.step)}")
        return replace(team.lead(lambda: load_run(folder.path)), source=source)
    if team.leads:
        folder.best.parent.mkdir(exist_ok=True)
    reporter.say(f"resuming {folder.path} at step {progress.step} of {plan.steps}")
    sitting.train(trainer, plan, progress, data, print_of_data)
    return sitting.finish()


def agreed(options: TrainingOptions, ranks: Ranks) -> TrainingOptions:
    """The options with the devices on which this process and those beside it run.

    Raises:
        UserError: if other ones are asked for.
    """
    if ranks.world == 1 and (options.devices or 1) * options.nodes > 1:
        raise UserError(
            "from Python, several devices need a process each: start the script by torchrun --nproc_per_node "
            f"{options.devices or 1} SCRIPT, or use the command vaekit train"
        )
    if options.devices is not None and (options.devices, options.nodes) != (ranks.local_world, ranks.nodes):
        raise UserError(
            f"{ranks.local_world} processes were started on each of {ranks.nodes} machines, but --devices "
            f"{options.devices} --nodes {options.nodes} asks for others: leave both out"
        )
    return replace(options, devices=ranks.local_world, nodes=ranks.nodes)


def _device_of(folder: RunFolder) -> str:
    try:
        return read_config(folder.config).training.device
    except UserError:
        return "auto"  # rank 0 says what is wrong, where anything is


def _check_not_moved(data: str, folder: RunFolder) -> None:
    paths = [Path(part) for part in sources_in(data)]
    if gone := [path for path in paths if path.is_absolute() and not path.exists()]:
        raise UserError(
            f"there is no data at {gone[0]} any more: where the data have moved, say so by {program()} train PLACE "
            f"--resume {typed(folder.path)}"
        )


def _name_place(folder: RunFolder, source: Source) -> None:
    """Let config.yaml say where the data are that a run goes on with."""
    config = read_config(folder.config)
    if isinstance(source, str | Path) and absolute(str(source)) != config.data:
        write_text(folder.config, replace(config, data=absolute(str(source))).to_yaml())


def _learnable(data: Data) -> DataSpec:
    if data.spec.variance == 0:
        why = "all training examples are the same" if len(data.train) > 1 else "one training example is left"
        raise UserError(f"{data.name}: {why}, there is nothing to learn")
    return data.spec


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
