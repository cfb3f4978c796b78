"""Which part of a batch a process takes, and in which micro-batches: whole runs of the noise's shards."""

from dataclasses import dataclass
from typing import final

from vaekit.noise import Shard, cut
from vaekit.training.ranks import check_division


@final
@dataclass(frozen=True)
class Portion:
    """A micro-batch of one process.

    Args:
        where: its slots in the batch of all processes.
        shards: those of the batch's noise that lie in it.
    """

    where: slice
    shards: tuple[Shard, ...]


def portions(
    batch: int, shards: int, rank: int = 0, world: int = 1, accumulate: int = 1
) -> tuple[Portion, ...]:
    """The micro-batches of one process; all micro-batches of all processes have as many examples.

    Args:
        batch: examples of all processes.
        shards: of the noise of a batch.
        rank: of the process.
        world: how many processes there are.
        accumulate: micro-batches of each.

    Raises:
        UserError: if batch or shards do not divide.

    Example:
        >>> [(p.where, len(p.shards)) for p in portions(36, 16, rank=1, world=2, accumulate=2)]
        [(slice(18, 27, None), 4), (slice(27, 36, None), 4)]
    """
    check_division(batch, shards, world, accumulate)
    whole = cut(batch, shards)
    parts = world * accumulate
    size, run = batch // parts, len(whole) // parts
    mine = range(rank * accumulate, (rank + 1) * accumulate)
    return tuple(Portion(slice(i * size, (i + 1) * size), whole[i * run : (i + 1) * run]) for i in mine)
