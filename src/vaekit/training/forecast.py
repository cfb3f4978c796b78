"""How long a run will take, measured for a second on a copy before it starts."""

import copy
import time
from dataclasses import replace
from typing import final

from lightning_fabric import Fabric

from vaekit.data.batches import Examples, epoch_order
from vaekit.recipes.recipe import Recipe
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan

DEFAULT_STEPS = 6000
FEWEST_EPOCHS = 10
_MEASURE_SECONDS = 1.0


@final
class Forecast:
    """Seconds of a step and of a validation.

    Args:
        step: seconds.
        validation: seconds.
    """

    def __init__(self, step: float, validation: float) -> None:
        self.step = step
        self.validation = validation

    def seconds(self, plan: Plan) -> float:
        """Seconds that a plan will take."""
        return plan.steps * self.step + plan.validations * self.validation

    def epochs_in(self, minutes: float, steps_per_epoch: int) -> int:
        """How many epochs fit, at least one.

        Example:
            >>> Forecast(step=0.01, validation=0.0).epochs_in(minutes=1, steps_per_epoch=100)
            60
        """
        epochs = max(1, int(60 * minutes / (steps_per_epoch * self.step)))
        # How often a run validates depends on its epochs.
        while epochs > 1 and (seconds := self.seconds(Plan(epochs, steps_per_epoch))) > 60 * minutes:
            epochs = max(1, min(epochs - 1, int(epochs * 60 * minutes / seconds)))
        return epochs


def measure(
    recipe: Recipe, train: Examples, validation: Examples, options: TrainingOptions, fabric: Fabric
) -> Forecast:
    """Time a few steps and a validation on a copy of the model; weights and random state stay untouched."""
    trainer = Trainer(copy.deepcopy(recipe), train, _few(validation), options, fabric)
    plan = Plan(1_000_000, trainer.steps_per_epoch)
    order = epoch_order(options.seed, 0, len(train)).to(fabric.device)
    trainer.vae.train()
    durations: list[float] = []
    started = time.monotonic()
    while len(durations) < 5 or (time.monotonic() - started < _MEASURE_SECONDS and len(durations) < 200):
        place = len(durations) % plan.steps_per_epoch
        before = time.monotonic()
        scalars = trainer.take_step(
            0, plan, order[place * trainer.batch_size : (place + 1) * trainer.batch_size]
        )
        _ = scalars["loss"].item() if "loss" in scalars else None
        durations.append(time.monotonic() - before)
    settled = sorted(durations[2:])
    entered = time.monotonic()
    with trainer.as_scored(len(durations)):
        prepared = time.monotonic() - entered
        trainer.validation_figures()
        before = time.monotonic()
        trainer.validation_figures()
        scored = time.monotonic() - before
    scale = len(validation) / len(trainer.validation_examples)
    return Forecast(settled[len(settled) // 2], prepared + scored * scale)


def _few(examples: Examples) -> Examples:
    return replace(examples, values=examples.values[:500])


def plan_for(options: TrainingOptions, forecast: Forecast, steps_per_epoch: int) -> Plan:
    """The plan that --epochs, --minutes or the default asks for."""
    if options.epochs is not None:
        return Plan(options.epochs, steps_per_epoch)
    if options.minutes is not None:
        return Plan(forecast.epochs_in(options.minutes, steps_per_epoch), steps_per_epoch)
    return Plan(max(FEWEST_EPOCHS, -(-DEFAULT_STEPS // steps_per_epoch)), steps_per_epoch)
