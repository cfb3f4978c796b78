"""A run as it lies in its folder: the trained model, what it was trained on, and how to go on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from vaekit.core import VAE
from vaekit.data import Data, load
from vaekit.data.batches import Examples
from vaekit.data.conditions import conditioned
from vaekit.data.sources import Source, fitting
from vaekit.data.told_columns import with_columns
from vaekit.errors import UserError
from vaekit.likelihoods import ObservedOnly
from vaekit.spec import DataSpec
from vaekit.training.config import RunConfig, read_config
from vaekit.training.folder import RunFolder, existing_folder, program, typed
from vaekit.training.model_file import ModelFacts, load_model

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

    def data(
        self,
        source: Source | None = None,
        report: Callable[[str], None] = lambda line: None,
        gaps: bool = False,
    ) -> Data:
        """Load the data it was trained on again with the same splits, or others that fit the model.

        Args:
            source: other data.
            report: told what a person should know of them.
            gaps: whether values may be missing that the model itself cannot do without.

        Raises:
            UserError: if other data have another shape or other levels, or lack values.
        """
        config = self.config
        if source is not None and config.levels is None and config.binarise is None:
            # A file of whole numbers does not say how many levels it has; the model does.
            config = replace(config, levels=self.spec.levels)
        if source is not None:
            config = replace(config, pictures=fitting(source, self.spec.shape, config.pictures))
        data = load_data(config, self.source if source is None else source, report)
        data.spec.check_fits(self.facts.spec, data.name, "the model was trained on")
        if data.spec.missing and not (gaps or isinstance(self.vae.likelihood, ObservedOnly)):
            raise UserError(
                f"values are missing (NaN) in {data.name}, and this model takes complete examples: fill them with "
                "vaekit impute, or train one with --recipe missing_data_vae"
            )
        return replace(data, condition=self.facts.spec.condition)

    def examples(self, split: str, data: Data | None = None) -> Examples:
        """A split on the model's device, with this run's seed; of its own data unless others are given."""
        held = self.data() if data is None else data
        return Examples.of(held, split, self.vae.device, self.config.training.seed)


def load_run(path: Path | str) -> Run:
    """Open the folder of a finished run.

    Raises:
        UserError: if it is not a run, is not finished, or its model file is damaged.
    """
    folder = finished_folder(path)
    vae, facts = load_model(folder.model)
    config = read_config(folder.config)
    return Run(folder, config, vae, facts, config.data)


def finished_folder(path: Path | str) -> RunFolder:
    """The folder of a finished run, of which nothing dear is read.

    Raises:
        UserError: if it is not a run, or is not finished.
    """
    folder = existing_folder(Path(path))
    if not folder.model.is_file():
        raise UserError(f"{path} is not finished: vaekit train --resume {typed(folder.path)}")
    return folder


def load_data(config: RunConfig, source: Source, report: Callable[[str], None] = lambda line: None) -> Data:
    """Load the data of a configuration; `source` is its name, or the object it stands for."""
    if isinstance(source, str) and source == PYTHON_OBJECT:
        raise UserError(
            "this run was trained from Python on an object in memory: give the data again as source"
        )
    data = load(
        source,
        levels=config.levels,
        binarise=config.binarise,
        split=config.split,
        pictures=config.pictures,
        report=report,
    )
    if config.columns is not None:
        data = with_columns(data, config.columns, report)
    if config.condition is None:
        return data
    return conditioned(data, config.condition, config.condition_prior, config.labelled)
