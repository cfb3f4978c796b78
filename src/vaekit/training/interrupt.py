"""Ctrl-C and SIGTERM as a request: the step in progress ends, the state is saved, then the run stops."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import final

Handler = Callable[[int, FrameType | None], None]
SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""From a person at a terminal, and from a machine that wants its place back."""


@final
class Interrupted(Exception):  # noqa: N818 (a request, not an error)
    """Training stopped on request; its message is the command that goes on.

    Args:
        command: what to type.
        saved: whether the state of the last step was saved, not only that of the last checkpoint.
    """

    def __init__(self, command: str, saved: bool = True) -> None:
        super().__init__(command)
        self.saved = saved

    def sentence(self) -> str:
        """What to tell a person.

        Example:
            >>> Interrupted("vaekit train --resume run", saved=False).sentence()
            'stopped at once; to go on from the last checkpoint: vaekit train --resume run'
        """
        if self.saved:
            return f"stopped and saved; to go on: {self}"
        return f"stopped at once; to go on from the last checkpoint: {self}"


@final
class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.made = False

    def make(self) -> None:
        """Ask to stop at the end of the step."""
        self.made = True


@contextmanager
def stopping_on_interrupt() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C or SIGTERM into a request; a second one raises KeyboardInterrupt at once."""
    request = StopRequest()

    def handle(number: int, frame: FrameType | None) -> None:
        _ = number, frame
        request.make()
        for each in SIGNALS:
            signal.signal(each, signal.default_int_handler)

    with handled_by(handle, SIGNALS):
        yield request


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    with handled_by(signal.default_int_handler, (signal.SIGTERM,)):
        yield


@contextmanager
def handled_by(handler: Handler, signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Handle signals so for a while; in another thread than the main one, where Python allows none, not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {each: signal.getsignal(each) for each in signals}
    for each in signals:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each, former in previous.items():
            signal.signal(each, former)
