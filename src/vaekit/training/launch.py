"""One command, several processes: started alike, signalled alike, ended together; nothing here imports torch."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import FrameType

from vaekit.errors import UserError
from vaekit.training.interrupt import SIGNALS, handled_by

MARK = "VAEKIT_LAUNCHED"
"""Set in the processes that `launch` started: they stop when their launcher is gone."""
GRACE = 15.0
"""Seconds in which the others may end by themselves when one process has failed."""
SAVING = 300.0
"""Seconds in which the others may save and end when one process has been stopped."""
_INTERRUPTED = 130
_BEFORE_IT_LISTENED = (-signal.SIGINT, -signal.SIGTERM)
_STOPPED = (0, _INTERRUPTED, *_BEFORE_IT_LISTENED)


def launch(arguments: Sequence[str], devices: int, nodes: int) -> int:
    """Run `vaekit ARGUMENTS` in one process for each device of this machine, and wait for all of them.

    A signal to this process reaches each of them once. Where one fails, the others are ended.

    Args:
        arguments: of the command line, the sub-command first.
        devices: processes on this machine.
        nodes: machines; the command is then typed on each, with MASTER_ADDR, MASTER_PORT and NODE_RANK set.

    Returns:
        The exit code of this machine's first process, or of the one that failed.

    Raises:
        UserError: if several machines are asked for and those variables are missing.
    """
    own = dict(os.environ)
    if nodes == 1:
        own |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "NODE_RANK": "0"}
    command = [sys.executable, "-m", "vaekit", *arguments]
    environments = [environment_of(local, devices, nodes, own) for local in range(devices)]
    names = [f"process {told['RANK']} of {told['WORLD_SIZE']}" for told in environments]
    processes: list[subprocess.Popen[bytes]] = []
    signals: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        _ = frame
        signals.append(number)

    with handled_by(note, SIGNALS), ExitStack() as pipes:
        for environment in environments:
            if signals:
                break
            # In a group of its own a process gets a terminal's Ctrl-C from this one alone, and so once.
            group = 0 if os.name == "posix" else None
            process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, process_group=group)
            processes.append(process)
            if process.stdin is not None:
                pipes.enter_context(process.stdin)
        return _outcome(processes, names, signals)


def environment_of(local_rank: int, devices: int, nodes: int, own: Mapping[str, str]) -> dict[str, str]:
    """The environment of one process, in torchrun's words.

    Raises:
        UserError: as `launch`.

    Example:
        >>> own = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500", "NODE_RANK": "1"}
        >>> environment = environment_of(2, devices=4, nodes=2, own=own)
        >>> environment["RANK"], environment["WORLD_SIZE"], environment["LOCAL_RANK"]
        ('6', '8', '2')
    """
    if missing := [name for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK") if name not in own]:
        raise UserError(
            f"--nodes {nodes} needs {', '.join(missing)} in the environment of every machine (the first one's "
            "address, a free port there, and 0, 1, … for the machines); or start by torchrun or srun"
        )
    told = {
        "RANK": int(own["NODE_RANK"]) * devices + local_rank,
        "WORLD_SIZE": devices * nodes,
        "LOCAL_RANK": local_rank,
        "LOCAL_WORLD_SIZE": devices,
        "OMP_NUM_THREADS": own.get("OMP_NUM_THREADS", max(1, cores() // devices)),
        MARK: 1,
    }
    # An outer torchrun's store is not the one of these processes.
    kept = {name: value for name, value in own.items() if not name.startswith("TORCHELASTIC_")}
    return kept | {name: str(value) for name, value in told.items()}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stop_without_launcher() -> None:
    """In a process that `launch` started, stop as on SIGTERM when the launcher is gone, however it went."""
    if MARK not in os.environ:
        return

    def wait() -> None:
        os.read(0, 1)  # nobody writes; it ends when the other end of the pipe is closed
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _outcome(processes: Sequence["subprocess.Popen[bytes]"], names: Sequence[str], signals: list[int]) -> int:
    """Wait for all and hand on signals; once one has failed or been stopped, wait no longer than is due."""
    codes, failed = _wait(processes, len(names), signals)
    if not codes or codes[0] in _BEFORE_IT_LISTENED or (codes[0] < 0 and failed is None):
        return _INTERRUPTED
    if codes[0] < 0 and failed is not None:
        # Rank 0 speaks for all, and cannot any more.
        code = codes[failed]
        how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise UserError(
            f"{names[failed]} {how}, and the others with it: go on from its last checkpoint with vaekit train "
            "--resume RUN"
        )
    bad = [code for code in codes if code not in _STOPPED]
    if codes[0] or not bad:
        return codes[0]
    return max(bad) if max(bad) > 0 else 2


def _wait(
    processes: Sequence["subprocess.Popen[bytes]"], wanted: int, signals: list[int]
) -> tuple[list[int], int | None]:
    """The exit codes, and who failed first by itself."""
    failed: int | None = None
    # Where not all were started, the others wait for them in vain.
    deadline = time.monotonic() + GRACE if len(processes) < wanted else float("inf")
    while True:
        codes = [process.poll() for process in processes]
        if failed is None:
            failed = next((i for i, code in enumerate(codes) if code not in (None, *_STOPPED)), None)
            grace = SAVING if any(codes) else float("inf")
            deadline = min(deadline, time.monotonic() + (grace if failed is None else GRACE))
        if None not in codes:
            break
        while signals:
            number = signals.pop(0)
            for process in processes:
                process.send_signal(number)
        if time.monotonic() > deadline:
            for process in processes:
                process.kill()
            break
        time.sleep(0.05)
    return [process.wait() for process in processes], failed
