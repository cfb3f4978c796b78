"""How long a person waits before anything happens."""

import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from .memory import watch
from .packing import VAEKIT
from .rounds import spread

FIRST_STEP = "forecast:"
"""What `vaekit train` says when it has built everything and timed its steps for a second."""


def seconds_of(command: Sequence[str], repetitions: int, until: str | None = None) -> dict[str, float]:
    """Seconds of a command, or until it says something."""
    found: list[float] = []
    for _ in range(repetitions + 1):
        watched = watch(command, until=until)
        found.append(watched.seconds if watched.seen is None else watched.seen)
    return spread(found[1:], digits=3)


def measure(repetitions: int = 5) -> dict[str, object]:
    """The section "startup" of the results, seconds."""
    with TemporaryDirectory() as folder:
        train = [VAEKIT, "train", "digits", "--epochs", "1000", "--out"]
        return {
            "vaekit --help": seconds_of([VAEKIT, "--help"], repetitions),
            "python -c pass": seconds_of([sys.executable, "-c", "pass"], repetitions),
            "import vaekit": seconds_of([sys.executable, "-c", "import vaekit"], repetitions),
            "import torch": seconds_of([sys.executable, "-c", "import torch"], repetitions),
            "vaekit train digits, to the first step": spread(
                [
                    watch([*train, f"{folder}/{number}"], until=FIRST_STEP).seen or float("nan")
                    for number in range(repetitions)
                ],
                digits=3,
            ),
        }
