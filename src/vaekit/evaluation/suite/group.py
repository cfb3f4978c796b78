"""What a group of metrics is: what it needs, on which settings it depends, and how it is measured."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from vaekit.evaluation.report import Figure
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring

Fact = str | int | float | bool | None
Progress = Callable[[float], None]
"""Told the fraction done."""


@final
@dataclass(frozen=True)
class Result:
    """What was found of one group.

    Args:
        figures: in the order they are printed.
        notes: what cannot be said, and why, in sentences.
    """

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


class Group(ABC):
    """One group of metrics."""

    @abstractmethod
    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """Why it cannot be measured here, as a sentence; None where it can."""

    @abstractmethod
    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """The settings that its figures depend on."""

    @abstractmethod
    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Measure it.

        Args:
            subject: the model and its split.
            settings: how to measure.
            chunks: keeps what is dear for when the measurement is interrupted.
            progress: told the fraction done.
        """
