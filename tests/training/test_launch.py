"""The launcher, with processes that do nothing but end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from vaekit.errors import UserError
from vaekit.training import launch as launching
from vaekit.training.launch import cores, launch

Started = Callable[[str], int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Launch two processes that run a line of Python in place of `vaekit`."""
    original = subprocess.Popen

    def lined(line: str) -> int:
        def started(command: list[str], **options: Any) -> Any:
            return original([sys.executable, "-S", "-c", f"import os, sys, time; {line}"], **options)

        monkeypatch.setattr(launching.subprocess, "Popen", started)
        return launch(["train"], 2, 1)

    return lined


RANK = "int(os.environ['RANK'])"


def test_the_exit_code_is_that_of_rank_0_or_of_whoever_failed(run: Started) -> None:
    assert run("sys.exit(0)") == 0
    assert run("sys.exit(130)") == 130
    assert run(f"sys.exit(2 - {RANK})") == 2
    assert run(f"sys.exit(3 * {RANK})") == 3
    assert run(f"os.kill(os.getpid(), 9 * {RANK})") == 2


def test_who_hangs_after_another_has_failed_is_ended(run: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "GRACE", 0.1)
    with pytest.raises(UserError, match="process 1 of 2 failed with exit code 2, and the others with it"):
        run(f"{RANK} and sys.exit(2); time.sleep(60)")
    with pytest.raises(UserError, match="process 1 of 2 was ended by signal 9, and the others with it"):
        run(f"{RANK} and os.kill(os.getpid(), 9); time.sleep(60)")
    with pytest.raises(UserError, match="process 0 of 2 was ended by signal 9, and the others with it"):
        run(f"{RANK} or os.kill(os.getpid(), 9); time.sleep(60)")


def test_who_hangs_after_another_has_stopped_is_ended(run: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "SAVING", 0.1)
    assert run(f"{RANK} and sys.exit(130); time.sleep(60)") == 130


def test_who_is_done_hurries_nobody(run: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others leave when the model is finished; rank 0 still measures and draws."""
    monkeypatch.setattr(launching, "GRACE", 0.0)
    monkeypatch.setattr(launching, "SAVING", 0.0)
    assert run(f"{RANK} or time.sleep(0.5); sys.exit(0)") == 0


@pytest.mark.parametrize("listens", [True, False])
def test_a_signal_while_processes_are_started_starts_no_more(
    listens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one waits for the others in the rendezvous, where it may hear nothing."""
    original, started = subprocess.Popen, []
    line = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"

    def interrupted(command: list[str], **options: Any) -> Any:
        deaf = [sys.executable, "-S", "-c", "import time; time.sleep(60)" if listens else line]
        started.append(original(deaf, **options, stdout=None if listens else subprocess.PIPE))
        if not listens:
            with started[-1].stdout as said:
                said.readline()
        os.kill(os.getpid(), signal.SIGTERM)
        return started[-1]

    monkeypatch.setattr(launching.subprocess, "Popen", interrupted)
    monkeypatch.setattr(launching, "GRACE", 60.0 if listens else 0.1)
    assert launch(["train"], 3, 1) == 130
    assert [process.returncode for process in started] == [-signal.SIGTERM if listens else -signal.SIGKILL]


def test_a_signal_reaches_each_process_once(run: Started) -> None:
    """Each dies of it, having had no time to listen: that is an interruption, not a failure."""

    def press() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    pressing = threading.Thread(target=press)
    pressing.start()
    assert run("time.sleep(60)") == 130
    pressing.join()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("given", [None, "7"])
def test_processes_share_the_cores(given: str | None, run: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    expected = 7 if given else max(1, cores() // 2)
    assert run(f"sys.exit(int(os.environ['OMP_NUM_THREADS']) != {expected})") == 0
