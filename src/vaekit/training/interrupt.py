"""Ctrl-C as a request: the step in progress ends, the state is saved, then the run stops."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import final


class Interrupted(Exception):  # noqa: N818 (a request, not an error)
    """Training stopped on request, and its state is saved."""


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
    """Turn the first Ctrl-C into a request; a second one interrupts at once, as usual."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        _ = number, frame
        request.make()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, handle)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, previous)
