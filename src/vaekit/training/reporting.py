"""What a person sees while a model trains: a live line on a terminal, timed lines elsewhere."""

import io
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TextIO, final

from rich.console import Console
from rich.live import Live
from rich.text import Text

# The last two are of the first kind for a static checker, but lack the `mode` by which one at run time knows it.
Stream = TextIO | io.TextIOWrapper | io.StringIO


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss.

    Example:
        >>> clock(75), clock(3725)
        ('1:15', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def spoken(seconds: float) -> str:
    """A duration for people.

    Example:
        >>> spoken(17), spoken(276)
        ('17 seconds', '4.6 minutes')
    """
    return f"{seconds:.0f} seconds" if seconds < 60 else f"{seconds / 60:.1f} minutes"


class Reporter(ABC):
    """Where a run tells how it goes."""

    @abstractmethod
    def say(self, line: str) -> None:
        """Show a line that stays."""

    @abstractmethod
    def due(self) -> bool:
        """Whether it is time for another progress line; asked at every step, so that values are read rarely."""

    @abstractmethod
    def progress(self, done: float, where: str, values: Mapping[str, float], elapsed: float) -> None:
        """Show the fraction done, where the run is, its terms (nats per example) and the time left.

        `elapsed` seconds went into the fraction done, over all sittings of a resumed run.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop showing progress."""


@final
class Silent(Reporter):
    """Says nothing."""

    def say(self, line: str) -> None:
        """Say nothing."""

    def due(self) -> bool:
        """Never."""
        return False

    def progress(self, done: float, where: str, values: Mapping[str, float], elapsed: float) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


@final
class Lines(Reporter):
    """Plain lines, one every `interval` seconds, for logs and pipes."""

    def __init__(self, stream: Stream, interval: float = 10.0) -> None:
        self.stream = stream
        self.interval = interval
        self.latest = time.monotonic()

    def say(self, line: str) -> None:
        """Write a line."""
        print(line, file=self.stream, flush=True)

    def due(self) -> bool:
        """Every `interval` seconds."""
        return time.monotonic() - self.latest >= self.interval

    def progress(self, done: float, where: str, values: Mapping[str, float], elapsed: float) -> None:
        """Write a timed line."""
        self.latest = time.monotonic()
        self.say(progress_line(done, where, values, elapsed))

    def close(self) -> None:
        """Nothing to stop."""


@final
class Terminal(Reporter):
    """One line that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.latest = time.monotonic()
        self.live: Live | None = None

    def say(self, line: str) -> None:
        """Print a line above the live one."""
        self.console.print(Text(line))

    def due(self) -> bool:
        """Four times a second."""
        return time.monotonic() - self.latest >= 0.25

    def progress(self, done: float, where: str, values: Mapping[str, float], elapsed: float) -> None:
        """Redraw the live line."""
        self.latest = time.monotonic()
        if self.live is None:
            self.live = Live(console=self.console, transient=True, auto_refresh=False)
            self.live.start()
        self.live.update(Text(progress_line(done, where, values, elapsed)), refresh=True)

    def close(self) -> None:
        """Remove the live line."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def progress_line(done: float, where: str, values: Mapping[str, float], elapsed: float) -> str:
    """One line of progress.

    Example:
        >>> progress_line(0.25, "epoch 1/4", {"nll": 80.123, "kl": 12.0}, 30)
        ' 25%  epoch 1/4  nll 80.12  kl 12.00  1:30 left'
    """
    terms = "  ".join(f"{name} {value:.2f}" for name, value in values.items())
    left = clock(elapsed * (1 - done) / done) if done > 0 else "?"
    return f"{done:4.0%}  {where}  {terms}  {left} left"


def reporter_for(stream: Stream | None = None) -> Reporter:
    """A live line where the stream is a terminal, timed lines elsewhere."""
    target: Stream = sys.stdout if stream is None else stream
    return Terminal(Console(file=target)) if target.isatty() else Lines(target)
