"""The engine on the device, or the devices, that were asked for."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from inspect import signature
from typing import Any, final

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch.nn.parallel import DistributedDataParallel

from vaekit.errors import UserError, nearest
from vaekit.training.options import DEVICES
from vaekit.training.ranks import ALONE, Ranks

TIMEOUT = timedelta(minutes=30)
"""How long a process waits for another one that neither answers nor ends."""


def engine(device: str, ranks: Ranks = ALONE) -> Fabric:
    """A Fabric on one device or, where this process is one of several, on its own, joined with the others.

    Raises:
        UserError: for an unknown or absent device.

    Example:
        >>> engine("gpux")
        Traceback (most recent call last):
        vaekit.errors.UserError: no device is called gpux; known are: auto, cpu, cuda, mps
    """
    if device not in DEVICES:
        raise UserError(f"no device is called {device}; {nearest(device, DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is at hand: use --device auto or --device cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise UserError("no Apple GPU is at hand: use --device auto or --device cpu")
    if ranks.world == 1:
        return Fabric(accelerator=device, devices=1, plugins=[_Given(ranks)])
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    _check_several(device, ranks)
    # Buffers are the same everywhere: moments are gathered, and σ² moves by an exchanged statistic.
    known = signature(DistributedDataParallel).parameters
    unsynced: dict[str, Any] = {
        "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers": False
    }
    strategy = DDPStrategy(timeout=TIMEOUT, **unsynced)
    # A convolution of one channel has gradients whose strides differ in a dimension of size 1.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    fabric = Fabric(
        accelerator=device,
        devices=ranks.local_world,
        num_nodes=ranks.nodes,
        strategy=strategy,
        plugins=[_Given(ranks)],
    )
    with _quiet():
        fabric.launch()
    return fabric


def _check_several(device: str, ranks: Ranks) -> None:
    if device == "mps":
        raise UserError("there is one Apple GPU only: leave out --devices, or use --device cpu")
    if device == "cuda" and (seen := torch.cuda.device_count()) < ranks.local_world:
        raise UserError(
            f"{ranks.local_world} processes on this machine see {seen} CUDA devices: use as many --devices, and "
            "with srun --gpus-per-node instead of --gpus-per-task"
        )


@final
class _Given(ClusterEnvironment):
    """The ranks that are already known; Fabric need not guess them."""

    def __init__(self, ranks: Ranks) -> None:
        self.ranks = ranks

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return self.ranks.address

    @property
    def main_port(self) -> int:
        return self.ranks.port

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self.ranks.world

    def set_world_size(self, size: int) -> None:
        pass

    def global_rank(self) -> int:
        return self.ranks.rank

    def set_global_rank(self, rank: int) -> None:
        pass

    def local_rank(self) -> int:
        return self.ranks.local_rank

    def node_rank(self) -> int:
        return self.ranks.node


@contextmanager
def _quiet() -> Iterator[None]:
    """Fabric reports the meeting of the processes on the standard error stream."""
    logger = logging.getLogger("lightning_fabric")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
