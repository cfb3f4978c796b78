"""Which way of taking the same steps is fastest here, found by trying each on a copy."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

from lightning_fabric import Fabric

from vaekit.data.batches import Examples
from vaekit.data.order import Order
from vaekit.errors import UserError
from vaekit.recipes.recipe import Recipe
from vaekit.training.forecast import Forecast, measure, plan_for, seconds_of_a_step
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.speed import Speed, candidates

WORTH = 60.0
"""Seconds of plain training below which trying costs more than it can give back."""
_CLEARLY = 0.95
_ALIKE = 0.05


@final
@dataclass(frozen=True)
class Tried:
    """How a way did.

    Args:
        speed: the way.
        seconds: of a step; infinite where it failed.
        losses: of two steps near the initial weights, nats.
        failure: why it is none to choose, or nothing.
    """

    speed: Speed
    seconds: float
    losses: tuple[float, float]
    failure: str = ""

    def __str__(self) -> str:
        return f"{self.speed} " + (self.failure or f"{1 / self.seconds:.3g}")


@final
@dataclass(frozen=True)
class Choice:
    """The way that is taken, and what else was tried.

    Args:
        best: the fastest.
        tried: all of them, the plainest first.
    """

    best: Tried
    tried: Sequence[Tried]

    def sentence(self) -> str:
        """What was chosen and why, for people."""
        others = [str(tried) for tried in self.tried if tried is not self.best]
        return (
            f"speed: {self.best.speed}, {1 / self.best.seconds:.3g} steps a second "
            f"(also tried: {'; '.join(others)}); --speed plain takes float32"
        )


def settle(
    recipe: Recipe,
    train: Examples,
    validation: Examples,
    options: TrainingOptions,
    fabric: Fabric,
    report: Callable[[str], None],
) -> tuple[TrainingOptions, Forecast]:
    """Decide how steps are taken, and forecast how long they take so.

    Args:
        recipe: whose model is copied.
        train: the training examples.
        validation: the validation examples.
        options: of the run; what they fix of the speed stays.
        fabric: the engine.
        report: told what was chosen, and why.

    Returns:
        The options with nothing of the speed left to choose, and the forecast.

    Raises:
        UserError: if steps are to be captured that cannot be, or no way works.
    """
    if options.captured and (why := never_captured(options, fabric)):
        raise UserError(why)
    plain = pinned(options, options.wish.applied(Speed()))
    forecast = measure(recipe, train, validation, plain, fabric)
    batches = Order(train.lengths, min(options.batch_size, len(train)), options.seed).batches
    seconds = forecast.seconds(plan_for(options, forecast, batches))
    if options.speed == "plain" or seconds < WORTH or len(_ways(train, options, fabric, seconds)) == 1:
        return plain, forecast
    choice = try_out(recipe, train, validation, options, fabric, seconds)
    report(choice.sentence())
    return pinned(options, choice.best.speed), Forecast(choice.best.seconds, forecast.validation)


def try_out(
    recipe: Recipe,
    train: Examples,
    validation: Examples,
    options: TrainingOptions,
    fabric: Fabric,
    seconds: float,
) -> Choice:
    """Take steps on a copy of the model in every sensible way; weights and random state stay untouched.

    A way is passed over that fails, or whose loss differs from the plain one's by more than a twentieth.

    Args:
        recipe: whose model is copied.
        train: the training examples.
        validation: the validation examples.
        options: of the run; what they fix of the speed is not tried otherwise.
        fabric: the engine.
        seconds: that the training would take the plain way.

    Raises:
        UserError: if no way works, with the plainest one's reason.
    """
    tried: list[Tried] = []
    for way in _ways(train, options, fabric, seconds):
        try:
            tried.append(_taken(recipe, train, validation, options, fabric, way))
        except (RuntimeError, UserError, OSError) as error:
            if fabric.world_size > 1:
                raise  # one process alone cannot pass over what fails: the others would wait for it
            reason = "failed: " + str(error).split("\n")[0][:80]
            tried.append(Tried(way, math.inf, (math.nan, math.nan), reason))
    judged = [tried[0], *(_judged(other, tried[0]) for other in tried[1:])]
    if all(other.failure for other in judged):
        raise UserError(f"no way to take a step works here; {judged[0]}")
    return Choice(fastest(judged), judged)


def _ways(train: Examples, options: TrainingOptions, fabric: Fabric, seconds: float) -> Sequence[Speed]:
    alone = fabric.world_size * options.accumulate == 1
    return candidates(options.wish, fabric.device.type, train.values.ndim == 4, alone, seconds / 60)


def _judged(tried: Tried, plain: Tried) -> Tried:
    """What was tried, as a failure where its losses are not those of the plain way."""
    if tried.failure or plain.failure:
        return tried
    scale = max(map(abs, plain.losses))
    differences = [abs(a - b) for a, b in zip(tried.losses, plain.losses, strict=True)]
    # Written so that a loss that is no number differs, too.
    alike = all(difference <= _ALIKE * scale for difference in differences)
    return tried if alike else replace(tried, failure="left out: it computes another loss")


def fastest(tried: Sequence[Tried]) -> Tried:
    """The fastest way that did not fail; a plainer one where the difference is less than one part in twenty.

    Example:
        >>> plain, faster = Tried(Speed(), 1.0, (10.0, 9.0)), Tried(Speed("bfloat16"), 0.96, (10.1, 9.1))
        >>> fastest([plain, faster]) is plain, fastest([plain, replace(faster, seconds=0.9)]).speed.precision
        (True, 'bfloat16')
    """
    best, *others = [t for t in tried if not t.failure]
    for other in others:
        if other.seconds < _CLEARLY * best.seconds:
            best = other
    return best


def pinned(options: TrainingOptions, way: Speed) -> TrainingOptions:
    """The options with nothing of the speed left to choose."""
    return replace(
        options,
        precision=way.precision,
        layout=way.layout,
        compiled=way.compiled,
        captured=way.captured,
    )


def never_captured(options: TrainingOptions, fabric: Fabric) -> str:
    """Why steps cannot be captured here; empty where they can."""
    if fabric.device.type != "cuda":
        return (
            f"--captured replays graphs of a CUDA device, and this one is {fabric.device.type}: leave it out"
        )
    if fabric.world_size * options.accumulate > 1:
        return "--captured is for one device that takes its batch in one piece: leave it out"
    return ""


def _taken(
    recipe: Recipe,
    train: Examples,
    validation: Examples,
    options: TrainingOptions,
    fabric: Fabric,
    way: Speed,
) -> Tried:
    trainer = Trainer(copy.deepcopy(recipe), train, validation.head(1), pinned(options, way), fabric)
    timed = seconds_of_a_step(trainer, fabric)
    return Tried(way, timed.seconds, timed.losses)
