"""Contenders take turns of a few steps each, again and again; only what ran side by side is compared."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

WARM_UP = 3
"""Steps before the first round: allocators, kernels' choices, page cache."""


@dataclass(frozen=True)
class Contender:
    """Somebody who can take training steps.

    Args:
        name: in the tables.
        images_per_step: the batch size.
        take: take so many steps, and return when they are done.
    """

    name: str
    images_per_step: int
    take: Callable[[int], None]


@dataclass(frozen=True)
class Rounds:
    """What came of the turns.

    Args:
        rates: images/s of every contender in every round.
        processors: how many processors each used, likewise; fewer than usual where others needed them.
    """

    rates: dict[str, list[float]]
    processors: dict[str, list[float]]


def take_turns(
    contenders: Sequence[Contender],
    rounds: int,
    steps: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Rounds:
    """Let everybody take so many steps in each round; who begins a round moves on by one."""
    for contender in contenders:
        contender.take(WARM_UP)
    found = Rounds({c.name: [] for c in contenders}, {c.name: [] for c in contenders})
    for turn in range(rounds):
        first = turn % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            before, used = clock(), time.process_time()
            contender.take(steps)
            seconds = clock() - before
            found.rates[contender.name].append(steps * contender.images_per_step / seconds)
            found.processors[contender.name].append((time.process_time() - used) / seconds)
    return found


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median, least and most.

    Example:
        >>> spread([3.0, 1.0, 2.0])
        {'median': 2.0, 'least': 1.0, 'most': 3.0}
    """
    figures = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, digits) for name, value in figures.items()}


def ratios(rates: Mapping[str, Sequence[float]], one: str, other: str) -> dict[str, float]:
    """How many times as fast `one` is as `other`, round by round, then the median over rounds.

    Example:
        >>> ratios({"a": [4.0, 6.0, 2.0], "b": [2.0, 2.0, 2.0]}, "a", "b")
        {'median': 2.0, 'least': 1.0, 'most': 3.0}
    """
    return spread([a / b for a, b in zip(rates[one], rates[other], strict=True)], digits=3)
