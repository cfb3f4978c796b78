"""What a run says before it trains."""

import numpy as np
from lightning_fabric import Fabric

from vaekit.data import Data
from vaekit.recipes.recipe import Recipe
from vaekit.training.config import RunConfig
from vaekit.training.reporting import Reporter

UNEVEN = 10
"""How many times wider than another a column of a table may be before a note says so."""


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
        f"{type(recipe.model.likelihood).__name__}, on {_where(fabric)}"
    )
    if spec.condition is not None:
        names = spec.condition.names
        shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        reporter.say(f"told: {spec.condition.kind} ({shown})")
    if data.unreadable:
        reporter.say(
            f"{len(data.unreadable):,} unreadable files are listed in unreadable.csv of the run folder"
        )
    if data.flip:
        reporter.say(
            "note: training mirrors half of the images; --flip false where left and right differ (text)"
        )
    for note in recipe.notes:
        reporter.say(f"note: {note}")
    is_plain = not spec.is_image and spec.levels is None and spec.columns is None
    if is_plain and isinstance(data.train.values, np.ndarray):
        spread = data.train.values.std(0)
        if spread.max() > UNEVEN * max(spread.min(), 1e-300):
            reporter.say(
                f"note: standard deviations of the columns run from {spread.min():.3g} to {spread.max():.3g}; "
                "one sigma sees the widest only: standardise the columns first (subtract mean, divide by deviation)"
            )


def _where(fabric: Fabric) -> str:
    """The device, or how many there are."""
    return str(fabric.device) if fabric.world_size == 1 else f"{fabric.world_size} × {fabric.device.type}"
