"""Which examples each batch of an epoch takes: a function of the seed and the epoch, shard by shard."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from vaekit.data.batches import epoch_order
from vaekit.errors import UserError


@final
class Order:
    """The order of the training set, of which a process works out only the part that it takes.

    Of data in S files, every batch takes B/S neighbouring slots from each, in their order, and each file has its own
    permutation. A process that takes a run of a batch's slots then reads few of the files, and what a batch
    holds does not depend on how many processes there are.

    Args:
        lengths: examples in each file, or in one piece.
        batch: B, examples in a batch.
        seed: of the run.
        device: where the indices are wanted.

    Raises:
        UserError: if the batch does not divide among the files, or a file has fewer examples than its share, or none.

    Example:
        >>> order = Order((6, 4), batch=4, seed=0)
        >>> order.batches  # 3 of the first file, 2 of the second: the fewer
        2
        >>> [bool(index < 6) for index in order.slots(0, 1, slice(0, 4))]
        [True, True, False, False]
    """

    def __init__(
        self, lengths: Sequence[int], batch: int, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        if batch % len(lengths):
            wanted = max(1, batch // len(lengths)) * len(lengths)
            raise UserError(
                f"a batch of {batch} examples does not divide among the {len(lengths)} files of the data: try "
                f"--batch_size {wanted}"
            )
        self.lengths = tuple(lengths)
        self.each = batch // len(lengths)
        self.seed = seed
        self.device = torch.device(device)
        if not min(lengths):
            raise UserError(
                "a file of the data has no training examples: pack them again with fewer --shards"
            )
        if min(lengths) < self.each:
            raise UserError(
                f"a file of the data has {min(lengths)} training examples, a batch takes {self.each} of each: "
                "use a smaller --batch_size"
            )
        self._epoch: int | None = None
        self._permutations: dict[int, Int[Tensor, " N"]] = {}

    @property
    def batches(self) -> int:
        """Whole batches in an epoch."""
        return min(self.lengths) // self.each

    def slots(self, epoch: int, place: int, where: slice) -> Int[Tensor, " M"]:
        """The examples in some slots of a batch.

        Args:
            epoch: of the training.
            place: which batch of the epoch.
            where: which slots of the batch.
        """
        if self._epoch != epoch:
            self._epoch, self._permutations = epoch, {}
        parts: list[Tensor] = []
        for shard in range(where.start // self.each, -(-where.stop // self.each)):
            before = shard * self.each
            first, last = max(where.start - before, 0), min(where.stop - before, self.each)
            start = place * self.each
            parts.append(self._permutation(epoch, shard)[start + first : start + last])
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int, shard: int) -> Int[Tensor, " N"]:
        if shard not in self._permutations:
            # The first file's, or that of data in one piece, is the plain one.
            seed = self.seed + shard * 1_000_003**2
            own = epoch_order(seed, epoch, self.lengths[shard]) + sum(self.lengths[:shard])
            self._permutations[shard] = own.to(self.device)
        return self._permutations[shard]
