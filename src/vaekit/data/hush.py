"""Keeping a C library's own lines off the standard error stream."""

import os
import threading
from typing import final


@final
class Hush:
    """While anybody is inside, what C writes to standard error is dropped.

    libtiff prints a line for every oddity of a file, whatever Pillow makes of it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.kept = -1

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.kept = _redirected()

    def __exit__(self, *what: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0 and self.kept >= 0:
                os.dup2(self.kept, 2)
                os.close(self.kept)


def _redirected() -> int:
    """Send standard error nowhere and return a copy of it; −1 where there is none."""
    try:
        kept = os.dup(2)
    except OSError:
        return -1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept
