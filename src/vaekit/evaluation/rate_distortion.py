"""Rate and distortion of models trained at several β on the same data, held against the slope −β of theory."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, isfinite, sqrt
from typing import final

import torch

from vaekit.errors import UserError
from vaekit.evaluation.report import Evaluation
from vaekit.objectives import Objective, Turn

STANDARD_ERRORS = 3.0
"""By how many of them a point must miss before it is told."""


@final
@dataclass(frozen=True)
class RatePoint:
    """One model.

    Args:
        beta: β ≥ 0 of D + β R that it was trained on.
        rate: R = E KL(q(z | x) ‖ p(z)), nats per example.
        distortion: D = −E log p(x | z), nats per example.
        rate_error: standard error of R; 0 for closed forms.
        distortion_error: standard error of D.
        name: of the run.
        measure: of the distortion, as in `measures_for`.

    Raises:
        UserError: for numbers that are not finite, or a negative β.
    """

    beta: float
    rate: float
    distortion: float
    rate_error: float = 0.0
    distortion_error: float = 0.0
    name: str = ""
    measure: str = ""

    def __post_init__(self) -> None:
        if not all(map(isfinite, (self.beta, self.rate, self.distortion))) or self.beta < 0:
            raise UserError(
                f"{self.title}: beta must be at least 0, rate and distortion finite; got {self.rate:g} and "
                f"{self.distortion:g} nats"
            )

    @property
    def title(self) -> str:
        """What sentences call it."""
        return f"{self.name} (β = {self.beta:g})" if self.name else f"β = {self.beta:g}"

    def loss(self, beta: float) -> float:
        """D + β R at any β, nats."""
        return self.distortion + beta * self.rate


@final
@dataclass(frozen=True)
class Chord:
    """Two neighbours on the curve, the smaller β first.

    Each minimises D + βR at its own β; hence β₁ ≤ −ΔD/ΔR ≤ β₂.

    Args:
        first: the model of smaller β.
        second: that of larger β.
    """

    first: RatePoint
    second: RatePoint

    @property
    def slope(self) -> float:
        """ΔD/ΔR, to be compared with −β of either side; NaN where the rates are one."""
        change = self.second.rate - self.first.rate
        return (self.second.distortion - self.first.distortion) / change if change else float("nan")

    @property
    def excess(self) -> tuple[float, float]:
        """By how many nats each is worse than the other at its own β; above 0 the slope is not between theirs."""
        low, high = self.first, self.second
        return (low.loss(low.beta) - high.loss(low.beta), high.loss(high.beta) - low.loss(high.beta))

    def error(self, beta: float) -> float:
        """Standard error of a difference of D + βR, as if the two had been measured on different examples."""
        return hypot(
            *(hypot(point.distortion_error, beta * point.rate_error) for point in (self.first, self.second))
        )


@final
@dataclass(frozen=True)
class RateDistortion:
    """The curve.

    Args:
        points: by rising β.
        chords: between neighbours.
        violations: what cannot be if each model minimises D + βR at its β, in sentences.
    """

    points: tuple[RatePoint, ...]
    chords: tuple[Chord, ...]
    violations: tuple[str, ...]


def rate_distortion(points: Sequence[RatePoint]) -> RateDistortion:
    """Sort models by β and look for what contradicts D(R), a falling convex curve of slope −β.

    Where a difference exceeds 3 standard errors and a billionth of the distortion it is told: a rate that rises or a
    distortion that falls with β, a chord whose slope is not between −β of its ends, a point above the chord of its
    neighbours.

    Args:
        points: of models of the same data that differ in β, and were trained on D + βR.

    Raises:
        UserError: for fewer than two models, two of the same β, or distortions under different measures.

    Source: Alemi et al. 2018, Fixing a broken ELBO, https://arxiv.org/abs/1711.00464, section 3.

    Example:
        >>> curve = rate_distortion([RatePoint(4.0, 1.0, 9.0), RatePoint(1.0, 3.0, 4.0)])
        >>> curve.chords[0].slope, curve.violations
        (-2.5, ())
    """
    ordered = tuple(sorted(points, key=lambda point: point.beta))
    if len(ordered) < 2:
        raise UserError(f"a rate–distortion curve needs models of at least two β, got {len(ordered)}")
    if len(measures := sorted({point.measure for point in ordered})) > 1:
        raise UserError(f"distortions under different measures have no common curve: {', '.join(measures)}")
    for one, two in pairwise(ordered):
        if one.beta == two.beta:
            raise UserError(f"{one.title} and {two.title}: one model for each β")
    chords = tuple(Chord(one, two) for one, two in pairwise(ordered))
    told = [sentence for chord in chords for sentence in (*_falls(chord), *_slopes(chord))]
    told += [sentence for one, two in pairwise(chords) for sentence in _bends(one, two)]
    return RateDistortion(ordered, chords, tuple(told))


def _significant(amount: float, error: float, scale: float) -> bool:
    return amount > STANDARD_ERRORS * error + 1e-9 * abs(scale)


def _falls(chord: Chord) -> list[str]:
    low, high = chord.first, chord.second
    told: list[str] = []
    if _significant(high.rate - low.rate, hypot(low.rate_error, high.rate_error), low.rate):
        told.append(
            f"the rate rises with β, from {low.rate:.4g} nats of {low.title} to {high.rate:.4g} of {high.title}"
        )
    error = hypot(low.distortion_error, high.distortion_error)
    if _significant(low.distortion - high.distortion, error, low.distortion):
        told.append(
            f"the distortion falls with β, from {low.distortion:.5g} nats of {low.title} to "
            f"{high.distortion:.5g} of {high.title}"
        )
    return told


def _slopes(chord: Chord) -> list[str]:
    told: list[str] = []
    ends = ((chord.first, chord.second), (chord.second, chord.first))
    for (own, other), excess in zip(ends, chord.excess, strict=True):
        if _significant(excess, chord.error(own.beta), own.distortion):
            told.append(
                f"{own.title} is not the best at its own β: {other.title} has a D + {own.beta:g} R that is "
                f"{excess:.3g} nats lower (ΔD/ΔR = {chord.slope:.4g}, expected between {-chord.second.beta:g} and "
                f"{-chord.first.beta:g})"
            )
    return told


def _bends(before: Chord, after: Chord) -> list[str]:
    """A point above the chord of its neighbours."""
    low, middle, high = before.first, before.second, after.second
    if not min(low.rate, high.rate) < middle.rate < max(low.rate, high.rate):
        return []
    share = (middle.rate - low.rate) / (high.rate - low.rate)
    slope = (high.distortion - low.distortion) / (high.rate - low.rate)
    height = middle.distortion - low.distortion - slope * (middle.rate - low.rate)
    weights = ((low, 1 - share), (middle, 1.0), (high, share))
    error = sqrt(sum((w * hypot(p.distortion_error, slope * p.rate_error)) ** 2 for p, w in weights))
    if not _significant(height, error, middle.distortion):
        return []
    chord = f"the chord of {low.title} and {high.title}"
    return [f"the curve is not convex: {middle.title} lies {height:.3g} nats above {chord}"]


def point_of(name: str, turns: Sequence[Turn], evaluation: Evaluation) -> RatePoint:
    """The point of a run: β from its objective, rate and distortion from its evaluation.

    Args:
        name: of the run.
        turns: of its recipe.
        evaluation: of a split; its first distortion counts.

    Raises:
        UserError: if it was not trained on NLL + β KL, or has no distortion in nats.
    """
    beta = beta_of(name, turns)
    found = {
        wanted: next((f for f in evaluation.figures if f.name == wanted and f.unit == "nats"), None)
        for wanted in ("rate (KL)", "distortion")
    }
    rate, distortion = found["rate (KL)"], found["distortion"]
    if rate is None or distortion is None:
        why = f" ({evaluation.note})" if evaluation.note else ""
        raise UserError(f"{name} has no rate and distortion in nats, and no place on a curve of them{why}")
    return RatePoint(
        beta,
        rate.value,
        distortion.value,
        rate.standard_error,
        distortion.standard_error,
        name,
        distortion.measure,
    )


def beta_of(name: str, turns: Sequence[Turn]) -> float:
    """β of an objective NLL + β KL when training ends.

    Args:
        name: of the run, for the refusal.
        turns: of its recipe.

    Raises:
        UserError: for any other objective: its optimum has no slope −β.

    Example:
        >>> from vaekit.objectives import KL, NLL, Linear
        >>> beta_of("run", [NLL() + Linear(4.0, over=0.2) * KL()])
        4.0
    """
    terms: list[str] = []
    if len(turns) == 1 and isinstance(turns[0], Objective):
        done = torch.ones(())
        weights = {w.term.name: w.weight(done).item() for w in turns[0].terms}
        terms = sorted(weights)
        if terms == ["kl", "nll"] and len(turns[0].terms) == 2 and weights["nll"] > 0:
            return weights["kl"] / weights["nll"]
    told = " and ".join(terms) or "several turns"
    raise UserError(f"{name} was not trained on distortion + β rate, but on {told}: it has no β")
