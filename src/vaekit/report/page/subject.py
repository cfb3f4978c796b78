"""What a page is about: a model, its data, and what is known of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Sequential
from vaekit.data import Data
from vaekit.data.batches import Examples, spaced_places
from vaekit.diagnosis import Diagnosis
from vaekit.evaluation import Evaluation
from vaekit.evaluation.latent_use import spaced
from vaekit.report.explore import has_prior, showcase
from vaekit.spec import DataSpec

SHOWN = 2000
"""Examples that are shown or encoded at most."""
VALUES = 2**25
"""Values of them, 128 MiB of floats."""
LARGE = 48
"""Of images with a longer side fewer are shown."""


@final
@dataclass(frozen=True, eq=False)
class Subject:
    """One run, as its page sees it.

    Args:
        name: of the run.
        vae: the model, in evaluation mode.
        data: what it was trained on.
        same_data: a text that two runs share where their splits hold the same examples.
        recipe: its name.
        options: of the recipe, as far as they are known.
        epochs: how many were asked for; None for a closed form.
        rows: of metrics.csv.
        evaluations: by file name, evaluation.json first.
        diagnosis: what the doctor found, or None where it was not asked.
        config: the text of config.yaml.
        environment: versions and machine, by name.
        seed: of samples.
    """

    name: str
    vae: VAE
    data: Data
    same_data: str
    recipe: str
    options: Mapping[str, object]
    epochs: int | None
    rows: Sequence[Mapping[str, float]]
    evaluations: Mapping[str, Evaluation]
    diagnosis: Diagnosis | None
    config: str
    environment: Mapping[str, str]
    seed: int = 0

    @property
    def spec(self) -> DataSpec:
        """Of the data."""
        return self.data.spec

    @property
    def is_large(self) -> bool:
        """Whether examples are pictures of which only a few should stand on a page."""
        return self.spec.is_image and max(self.spec.shape[1:]) >= LARGE

    @property
    def by_value(self) -> bool:
        """Whether the likelihood draws value by value, so that every picture is dear and a draw."""
        return isinstance(self.vae.likelihood, Sequential)

    @property
    def has_prior(self) -> bool:
        """Whether there is a p(z) to draw from."""
        return has_prior(self.vae)

    def examples(self, split: str) -> Examples:
        """A split on the model's device, as it is stored: not mirrored."""
        return Examples.of(self.data, split, self.vae.device, self.seed)

    def some(self, split: str, most: int = SHOWN) -> Float[Tensor, "N *E"]:
        """Examples evenly spaced over a split, fewer where they are large."""
        return spaced(self.examples(split), min(most, max(64, VALUES // prod(self.spec.shape))))

    def places(self, split: str, count: int) -> Tensor:
        """Where the examples that `some` gives stand in the split."""
        return spaced_places(len(self.data.split(split)), count)

    @cached_property
    def held_out(self) -> Float[Tensor, "N *E"]:
        """Test examples, in an order that shows the classes in turn."""
        x = self.some("test", 500)
        labels = self.labels("test", len(x))
        order = showcase(None if labels is None else labels.tolist(), len(x), len(x))
        return x[torch.as_tensor(order, device=x.device)]

    def labels(self, split: str, count: int) -> Tensor | None:
        """Of the examples that `some` gives."""
        labels = self.data.split(split).labels
        return None if labels is None else torch.as_tensor(labels)[self.places(split, count)].long()

    def label_name(self, label: int) -> str:
        """What a class is called."""
        names = self.data.label_names
        return names[label] if 0 <= label < len(names) else str(label)

    def figures_of(self, name: str = "evaluation.json") -> Evaluation | None:
        """An evaluation, or None where it was not made."""
        return self.evaluations.get(name)
