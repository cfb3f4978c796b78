"""What the processes that train together tell each other, beside the gradients."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar, final

import torch
from lightning_fabric import Fabric
from torch import Tensor, distributed
from torch.distributed import distributed_c10d

from vaekit.errors import UserError

T = TypeVar("T")

PATIENCE = timedelta(days=1)
"""How long the others wait while one decodes pictures or fits a prior; a process that ends is noticed at once."""
_LOST = re.compile(r"gloo|nccl|closed by peer|reset by peer|broken pipe|timed ?out|tcpstore", re.IGNORECASE)


@final
class Lost(UserError):  # noqa: N818 (what happened to another process)
    """Another of the processes that train together has ended."""


def joined() -> bool:
    """Whether this process has met those it trains with, so that rank 0 learns of its failure."""
    return distributed.is_available() and distributed.is_initialized()


def mean_over_processes(tensors: Sequence[Tensor], fabric: Fabric) -> list[Tensor]:
    """The means over all processes of tensors of any shapes, in one exchange; alone, the tensors themselves."""
    if fabric.world_size == 1:
        return list(tensors)
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    distributed.all_reduce(flat)
    parts = (flat / fabric.world_size).split([tensor.numel() for tensor in tensors])
    return [part.view_as(tensor).to(tensor.dtype) for part, tensor in zip(parts, tensors, strict=True)]


def averaged(outputs: Sequence[Mapping[str, Tensor]], fabric: Fabric) -> dict[str, Tensor]:
    """The means of named tensors over micro-batches and over all processes; of one of each, what it is."""
    first = outputs[0]
    if len(outputs) == fabric.world_size == 1:
        return dict(first)
    means = [torch.stack([output[name].detach() for output in outputs]).mean(0) for name in first]
    return dict(zip(first, mean_over_processes(means, fabric), strict=True))


@final
class Team:
    """The processes that train together, this one among them; alone, nothing is exchanged.

    Exchanges here run between the processors, over gloo, so that no accelerator waits for them.

    Args:
        fabric: the engine that joined them.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.rank = fabric.global_rank
        self.world = fabric.world_size
        self._first_here = fabric.local_rank == 0
        # Every process makes it, in the same order: torch's rule for groups.
        self._group: Any = distributed.new_group(backend="gloo", timeout=PATIENCE) if self.world > 1 else None

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def any(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        if self.world == 1:
            return wish
        wishes = torch.tensor([int(wish)])
        distributed.all_reduce(wishes, distributed.ReduceOp.MAX, group=self._group)
        return bool(wishes.item())

    def lead(self, act: Callable[[], T]) -> T:
        """What rank 0 makes of `act`, given to all; its refusal is everybody's.

        Raises:
            UserError: what `act` raises.
        """
        if self.world == 1:
            return act()
        said: list[Any] = [_attempt(act) if self.leads else None]
        distributed.broadcast_object_list(said, src=0, group=self._group)
        result, refusal = said[0]
        if refusal is not None:
            raise UserError(refusal)
        return result

    def in_turn(self, act: Callable[[], T]) -> T:
        """Let the first process of every machine act before the others do, who then find what it left.

        Raises:
            UserError: what `act` raises in any of the first ones, or in this one.
        """
        if self.world == 1:
            return act()
        result, refusal = _attempt(act) if self._first_here else (None, None)
        refusals: list[Any] = [None] * self.world
        distributed.all_gather_object(refusals, refusal, group=self._group)
        if any(refusals):
            raise UserError(next(filter(None, refusals)))
        return act() if result is None else result

    @contextmanager
    def one_fate(self, advice: str = "") -> Iterator[None]:
        """Where one process fails, let rank 0 say why.

        Args:
            advice: what to do where a process ended without a word.

        Raises:
            UserError: in place of the error of an exchange with a process that has ended.
        """
        try:
            yield
        except (UserError, RuntimeError, MemoryError, OSError) as error:
            if self.world == 1 or isinstance(error, Lost):
                raise
            if isinstance(error, UserError) or not _LOST.search(str(error)):
                self._tell(error)
                raise
            raise Lost(self._last_words() or self._silence() + advice) from error

    def _tell(self, error: Exception) -> None:
        if not self.leads:
            store = distributed_c10d._get_default_store()
            with suppress(RuntimeError):  # the store lives in rank 0, which may have ended
                store.set(f"vaekit/failed/{self.rank}", str(error) or type(error).__name__)

    def _last_words(self) -> str | None:
        """What another process said before it ended; rank 0, which keeps the store and speaks, looks there."""
        store = distributed_c10d._get_default_store()
        for rank in range(1, self.world) if self.leads else ():
            if store.check([f"vaekit/failed/{rank}"]):
                return f"process {rank} of {self.world}: {store.get(f'vaekit/failed/{rank}').decode()}"
        return None

    def _silence(self) -> str:
        return (
            f"one of the {self.world} processes of this training ended without a word: it was killed, or its "
            "machine had no memory left"
        )


def _attempt(act: Callable[[], T]) -> tuple[T | None, str | None]:
    try:
        return act(), None
    except UserError as error:
        return None, str(error)
