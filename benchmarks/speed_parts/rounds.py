"""Contenders take turns of a few steps each, again and again; only what ran side by side is compared."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

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

    def turn(self, steps: int, clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
        """Take steps; return their seconds, and how many processors they kept busy."""
        before, used = clock(), time.process_time()
        self.take(steps)
        seconds = clock() - before
        return seconds, (time.process_time() - used) / seconds


@dataclass(frozen=True)
class Apart:
    """A contender in a process of its own: its memory, its threads and its settings are its own.

    Args:
        name: in the tables.
        images_per_step: the batch size.
        connection: to its process.
    """

    name: str
    images_per_step: int
    connection: Connection

    def turn(self, steps: int, clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
        """Take steps there; return their seconds, and how many processors they kept busy."""
        _ = clock
        self.connection.send(steps)
        return self.connection.recv()


@contextmanager
def apart(
    names: Sequence[str], images_per_step: int, build: Callable[..., Contender], *arguments: Any
) -> Iterator[list[Apart]]:
    """Start a process for each name, in which `build(*arguments, name)` makes the contender; end them afterwards."""
    context = get_context("spawn")
    with ExitStack() as stack:
        found: list[Apart] = []
        for name in names:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, build, (*arguments, name)), daemon=True)
            process.start()
            stack.callback(process.terminate)
            found.append(Apart(name, images_per_step, ours))
        yield found


def _serve(connection: Connection, build: Callable[..., Contender], arguments: Sequence[Any]) -> None:
    contender = build(*arguments)
    while True:
        connection.send(contender.turn(connection.recv()))


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
    contenders: Sequence[Contender | Apart],
    rounds: int,
    steps: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Rounds:
    """Let everybody take so many steps in each round; who begins a round moves on by one."""
    for contender in contenders:
        contender.turn(WARM_UP, clock)
    found = Rounds({c.name: [] for c in contenders}, {c.name: [] for c in contenders})
    for turn in range(rounds):
        first = turn % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            seconds, processors = contender.turn(steps, clock)
            found.rates[contender.name].append(steps * contender.images_per_step / seconds)
            found.processors[contender.name].append(processors)
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
