"""Which of the processes that train together this one is; importing this must not import torch."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class Ranks:
    """One process among those that train together.

    Args:
        rank: 0 … world − 1, over all machines; rank 0 alone writes and speaks.
        world: how many processes there are.
        local_rank: which one of this machine it is.
        local_world: how many run on this machine, and on every other.
        address: of the machine on which rank 0 runs.
        port: on which rank 0 listens.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1
    address: str = "127.0.0.1"
    port: int = 0

    @property
    def nodes(self) -> int:
        """How many machines there are."""
        return self.world // self.local_world

    @property
    def node(self) -> int:
        """Which machine this one is."""
        return self.rank // self.local_world


ALONE = Ranks()


def from_environment(environment: Mapping[str, str] = os.environ) -> Ranks:
    """What torchrun, srun or vaekit's own launcher told this process; `ALONE` where nobody started several.

    Raises:
        UserError: if what they told makes no sense, or machines have different numbers of processes.

    Example:
        >>> from_environment({})
        Ranks(rank=0, world=1, local_rank=0, local_world=1, address='127.0.0.1', port=0)
        >>> slurm = {"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5", "SLURM_LOCALID": "1"}
        >>> slurm |= {"SLURM_STEP_NUM_NODES": "2", "SLURM_STEP_NODELIST": "gpu[07-08]", "SLURM_JOB_ID": "1234567"}
        >>> from_environment(slurm)
        Ranks(rank=5, world=8, local_rank=1, local_world=4, address='gpu07', port=19567)
    """
    try:
        found = _torchrun(environment) or _slurm(environment) or ALONE
    except (KeyError, ValueError) as error:
        raise UserError(
            f"the environment of a training on several devices lacks or garbles {error}"
        ) from error
    sound = found.local_rank == found.rank % found.local_world and found.world % found.local_world == 0
    if not (0 <= found.rank < found.world and sound):
        raise UserError(
            f"process {found.rank} of {found.world} is number {found.local_rank} of {found.local_world} on its "
            "machine: every machine must run as many processes, with neighbouring ranks"
        )
    return found


def speaks(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process tells people what happens: rank 0, and whoever cannot find out its rank."""
    try:
        return from_environment(environment).rank == 0
    except UserError:
        return True


def _torchrun(told: Mapping[str, str]) -> Ranks | None:
    if not {"RANK", "LOCAL_RANK", "WORLD_SIZE"} <= told.keys() or int(told["WORLD_SIZE"]) == 1:
        return None
    world = int(told["WORLD_SIZE"])
    return Ranks(
        int(told["RANK"]),
        world,
        int(told["LOCAL_RANK"]),
        int(told.get("LOCAL_WORLD_SIZE", world)),
        told["MASTER_ADDR"],
        int(told["MASTER_PORT"]),
    )


def _slurm(told: Mapping[str, str]) -> Ranks | None:
    # A batch script has SLURM_PROCID and SLURM_NTASKS, too, but is one process: only srun makes a step.
    world = int(told.get("SLURM_STEP_NUM_TASKS", "1"))
    if world == 1:
        return None
    # As in Lightning: a port that every process can work out, and that few other jobs have.
    port = int(told.get("MASTER_PORT", 15_000 + int(told.get("SLURM_JOB_ID", "0")) % 10_000))
    return Ranks(
        int(told["SLURM_PROCID"]),
        world,
        int(told["SLURM_LOCALID"]),
        world // int(told.get("SLURM_STEP_NUM_NODES", "1")),
        told.get("MASTER_ADDR") or _first_host(told.get("SLURM_STEP_NODELIST", "127.0.0.1")),
        port,
    )


def _first_host(hosts: str) -> str:
    """The first of a list of hosts as SLURM writes it.

    Example:
        >>> _first_host("gpu[07-10,12],login1"), _first_host("a,b")
        ('gpu07', 'a')
    """
    return re.sub(r"\[([^\],-]+)[^\]]*\]", r"\1", hosts).split(",")[0]


def check_division(batch: int, shards: int, processes: int, accumulate: int) -> None:
    """Make sure that a batch and the runs of its noise divide among processes and micro-batches.

    Raises:
        UserError: if they do not, with numbers that would.

    Example:
        >>> check_division(128, 16, processes=3, accumulate=1)
        Traceback (most recent call last):
        vaekit.errors.UserError: a batch of 128 examples does not divide among 3 devices: try --batch_size 126
    """
    parts = processes * accumulate
    among = " × ".join(
        f"{count} {what}"
        for count, what in ((processes, "devices"), (accumulate, "micro-batches"))
        if count > 1
    )
    if batch % parts:
        # Not more than the batch: it may be as large as the training set already.
        wanted = max(1, batch // parts) * parts
        raise UserError(
            f"a batch of {batch} examples does not divide among {among}: try --batch_size {wanted}"
        )
    if min(batch, shards) % parts:
        wanted = -(-shards // parts) * parts
        raise UserError(
            f"the noise of a batch comes in {min(batch, shards)} shards, which do not divide among {among}: "
            f"add --shards {wanted}"
        )
