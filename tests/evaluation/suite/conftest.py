from collections.abc import Callable

import numpy as np
import pytest

from vaekit.core import VAE
from vaekit.data import Data, Split
from vaekit.data.batches import Examples
from vaekit.evaluation.suite import Subject
from vaekit.recipes.recipe import build_recipe


def discs(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright discs of 17 levels, and their centres' thirds (row, column)."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, 3, (count, 2))
    centre = (factors + 1) * side / 4 + rng.uniform(-1, 1, (count, 2))
    rows, columns = np.mgrid[:side, :side]
    distance = np.hypot(rows - centre[:, :1, None], columns - centre[:, 1:, None])
    return (16 / (1 + np.exp(distance - side / 5))).round().astype(np.uint8)[:, None], factors.astype(float)


def tiny(side: int = 6, labelled: bool = False, factors: bool = False) -> Data:
    parts: list[Split] = []
    for seed, count in enumerate((160, 40, 120)):
        values, known = discs(count, side, seed)
        labels = known[:, 0].astype(np.int64) if labelled else None
        parts.append(Split(values, labels, factors=known if factors else None))
    names = ("row", "column") if factors else ()
    return Data("tiny", *parts, levels=17, binarise=None, stored_levels=17, factor_names=names)


@pytest.fixture
def subject() -> Callable[..., Subject]:
    """A model with weights of its beginning on tiny data."""

    def made(
        recipe: str = "vae",
        data: Data | None = None,
        split: str = "test",
        vae: VAE | None = None,
        **options: object,
    ) -> Subject:
        held = tiny() if data is None else data
        model = build_recipe(recipe, held.spec, **options).model if vae is None else vae
        return Subject(model.eval(), Examples.of(held, split, seed=3), held.spec, split, held)

    return made
