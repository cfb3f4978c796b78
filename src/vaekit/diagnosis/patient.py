"""What the doctor looks at: a model, its data, how its training went, and how to train it again."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from vaekit.core import VAE
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.diagnosis.finding import Finding
from vaekit.errors import CapabilityError
from vaekit.spec import DataSpec


@final
@dataclass(frozen=True, eq=False)
class Commands:
    """How things are typed for this run; all begin with the program's name.

    Args:
        program: "vaekit", or the path it was called by.
        run: the run's folder, quoted for a shell.
        data: its data and how they are read, as typed in a shell.
        recipe: its name.
        recipe_options: names of the options that this recipe has.
        from_python: whether the data were an object in memory, so that only a call trains on them again.
    """

    program: str
    run: str
    data: str
    recipe: str
    recipe_options: frozenset[str] = frozenset()
    from_python: bool = False

    def again(self, changes: str) -> str:
        """Train the same model anew with some options changed, as in "--epochs 200"."""
        if self.from_python:
            call = f"vaekit.train(source, {self.recipe!r}{_arguments(changes)})"
            return f"{call}  # and the rest of {self.run}/config.yaml"
        return f"{self.program} train --config {self.run}/config.yaml {changes}"

    def anew(self, recipe: str, options: str = "") -> str:
        """Train another recipe on the same data."""
        if self.from_python:
            return f"vaekit.train(source, {recipe!r}{_arguments(options)})"
        return f"{self.program} train {self.data} --recipe {recipe} {options}".rstrip()

    def mixture(self) -> str:
        """Fit a mixture to the codes of this run."""
        if not self.from_python:
            return f"{self.program} fit-prior {self.run} --prior gmm"
        if "prior" in self.recipe_options:
            return self.again("--prior gmm")
        return "numpy.save('source.npy', source)  # vaekit fit-prior wants a run that was trained on a file"

    def evaluated(self, split: str) -> str:
        """Measure this run on one of its splits."""
        if self.from_python:
            (folder,) = shlex.split(self.run)
            return f"vaekit.evaluate(vaekit.load({folder!r}), source, split={split!r})"
        return f"{self.program} evaluate {self.run} --split {split}"

    def looked_at(self) -> str:
        """Tell what the data hold."""
        if self.from_python:
            return "numpy.unique(array, axis=0, return_counts=True)  # of all splits, one after the other"
        return f"{self.program} data {self.data}"


def _arguments(options: str) -> str:
    """Options of the command line as those of a call: "--epochs 200" as ", epochs=200"."""
    words = options.split()
    return "".join(
        f", {name.removeprefix('--')}={_literal(value)}"
        for name, value in zip(words[::2], words[1::2], strict=True)
    )


def _literal(value: str) -> str:
    """A value of the command line as Python has it.

    Example:
        >>> [_literal(value) for value in ("200", "0.1", "1e-05", "true", "tiny")]
        ['200', '0.1', '1e-05', 'True', "'tiny'"]
    """
    if value in ("true", "false"):
        return value.title()
    try:
        float(value)
    except ValueError:
        return repr(value)
    return value


@final
@dataclass(frozen=True, eq=False)
class Patient:
    """One run in the doctor's chair.

    Args:
        vae: the model, in evaluation mode.
        data: what it was trained on.
        rows: of metrics.csv, one for each validation; empty where nothing was written.
        epochs: how many were asked for; None for a closed form.
        best_epoch: when validation was best; None where it is not known.
        seed: of all draws.
        commands: how to act on it.
        options: of the recipe as they were given, for instance {"beta": 4.0}.
        settled: part of training after which the objective no longer changes, from 0 to 1.
    """

    vae: VAE
    data: Data
    rows: Sequence[Mapping[str, float]]
    epochs: int | None
    best_epoch: int | None
    seed: int
    commands: Commands
    options: Mapping[str, object]
    settled: float = 0.0

    @property
    def spec(self) -> DataSpec:
        """Of the data."""
        return self.data.spec

    def examples(self, split: str) -> Examples:
        """A split on the model's device."""
        return Examples.of(self.data, split, self.vae.device, self.seed)

    @cached_property
    def train(self) -> Examples:
        """The training split, as it is stored: not mirrored."""
        return self.examples("train")

    @cached_property
    def validation(self) -> Examples:
        """The validation split."""
        return self.examples("validation")

    @cached_property
    def test(self) -> Examples:
        """The test split."""
        return self.examples("test")

    @property
    def several_tests(self) -> Examples:
        """The test split, where it has two examples or more: a mean of one has no error.

        Raises:
            CapabilityError: otherwise.
        """
        if len(self.test) < 2:
            raise CapabilityError(f"it needs two test examples at least, there is {len(self.test)}")
        return self.test


Check = Callable[[Patient], Sequence[Finding]]
"""A check takes some measures of a patient; none where its question makes no sense for the model."""
