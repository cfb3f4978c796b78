"""From stored values to batches: gathered straight from memory, in an order that (seed, epoch) decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from vaekit.data.conditions import told
from vaekit.data.feed import Feed, fits
from vaekit.data.packs.shards import Part, Shards
from vaekit.data.records import Data
from vaekit.noise import Noise, Shard
from vaekit.told import Told

BLOCK = 50
"""Examples that share one random stream when a split is read in order."""


@final
@dataclass(frozen=True, eq=False)
class Examples:
    """One split, resident on a device as it is stored; scaled to [0, 1] when gathered.

    Nothing is copied on the processor: a mapped file stays on the disk, and shards are read row by row.

    Args:
        values: (N, *E), integers 0 … L−1 or floats; or the files that hold them.
        scale: L − 1, or 1 for floats.
        binarise: whether each gather draws x ~ Bernoulli(k/(L−1)).
        seed: of the draws when the split is read in order.
        stream: name of the split; no two splits share their noise, and none shares it with training.
        flip: whether a training batch mirrors images left to right, each with probability ½.
        first_block: how many blocks of the split lie before these examples.
        target: where batches go whose values lie in files; else they stay where the values are.
        dtype: of x.
        feed: brings batches to an accelerator that is too small for the values, one ahead.
        contexts: what a model is told of each example, (N, C), where values are; None where nothing is told.
    """

    values: Shaped[Tensor, "N *E"] | Shards
    scale: float
    binarise: bool
    seed: int = 0
    stream: str = "held out"
    flip: bool = False
    first_block: int = 0
    target: torch.device | None = None
    dtype: torch.dtype = torch.float32
    feed: Feed | None = None
    contexts: Float[Tensor, "N C"] | None = None

    @classmethod
    def of(cls, data: Data, split: str, device: torch.device | str = "cpu", seed: int = 0) -> "Examples":
        """Put a split on a device: "train", "validation" or "test"."""
        scale = 1.0 if data.stored_levels is None else float(data.stored_levels - 1)
        stored, target = data.split(split).values, torch.device(device)
        values = stored if isinstance(stored, Shards) else torch.as_tensor(stored)
        resident = isinstance(values, Tensor) and fits(target, values.nbytes)
        feed = None if resident or target.type == "cpu" else Feed(values, target)
        values = values.to(target) if isinstance(values, Tensor) and resident else values
        flip = data.flip and split == "train"
        conditions = told(data, split)
        contexts = None if conditions is None else torch.from_numpy(conditions).to(target)
        return cls(
            values,
            scale,
            data.binarise == "dynamic",
            seed,
            split,
            flip,
            target=target,
            feed=feed,
            contexts=contexts,
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        if isinstance(self.values, Tensor) and self.feed is None:
            return self.values.device
        return self.target or torch.device("cpu")

    @property
    def index_device(self) -> torch.device:
        """Where indices are wanted: beside the values."""
        return self.values.device if isinstance(self.values, Tensor) else torch.device("cpu")

    @property
    def lengths(self) -> Sequence[int]:
        """Examples in each file, or in one piece."""
        return (len(self),) if isinstance(self.values, Tensor) else self.values.lengths

    def share(self, rank: int, world: int) -> "Examples":
        """The examples of one process of several: a run of whole blocks, with the noise they have in the split.

        Example:
            >>> split = Examples(torch.zeros(120, 2), 1.0, False)
            >>> [len(split.share(rank, 2)) for rank in range(2)]
            [50, 70]
        """
        if world == 1:
            return self
        blocks = -(-len(self) // BLOCK)
        first, last = blocks * rank // world, blocks * (rank + 1) // world
        mine = self._rows(first * BLOCK, min(last * BLOCK, len(self)))
        return replace(mine, first_block=self.first_block + first)

    def head(self, count: int) -> "Examples":
        """The first examples, `count` of them or all there are, where they lie."""
        return self._rows(0, min(count, len(self)))

    def _rows(self, start: int, stop: int) -> "Examples":
        held = self.values
        values = held[start:stop] if isinstance(held, Tensor) else _rows(held, start, stop)
        contexts = None if self.contexts is None else self.contexts[start:stop]
        feed = None if self.feed is None else Feed(values, self.device)
        return replace(self, values=values, feed=feed, contexts=contexts)

    def _told(self, x: Float[Tensor, "B *E"], indices: Int[Tensor, " B"] | slice) -> Float[Tensor, "B *E"]:
        """The examples with what a model is told of them, if anything is."""
        if self.contexts is None:
            return x
        where = indices if isinstance(indices, slice) else indices.to(self.contexts.device)
        return Told.of(x, self.contexts[where].to(x.dtype))

    def _stored(self, indices: Int[Tensor, " B"] | slice) -> Shaped[Tensor, "B *E"]:
        if self.feed is not None and isinstance(indices, Tensor):
            return self.feed.rows(indices)
        if isinstance(self.values, Tensor):
            return self.values[indices].to(self.device)
        places = indices if isinstance(indices, slice) else np.asarray(indices.cpu())
        return torch.from_numpy(self.values[places]).to(self.device)

    def gather(self, indices: Int[Tensor, " B"] | slice, noise: Noise) -> Float[Tensor, "B *E"]:
        """Return x of the given examples, floats; level k of L is k/(L−1)."""
        return self._told(self._as_floats(self._stored(indices), noise), indices)

    def augmented(self, indices: Int[Tensor, " B"], noise: Noise) -> Float[Tensor, "B *E"]:
        """Return x of the given examples as training sees them: some of the images mirrored."""
        stored = self._stored(indices)
        if self.flip:
            # Bytes are fewer to move than floats; torch mirrors no other kind of unsigned numbers.
            stored = stored if stored.dtype == torch.uint8 else stored.to(self.dtype)
            like = torch.empty((), dtype=self.dtype, device=stored.device)
            mirrored = noise.uniform("flip", stored.shape[:1], 0, like) < 0.5
            stored = torch.where(mirrored.reshape(-1, *[1] * (stored.ndim - 1)), stored.flip(-1), stored)
        return self._told(self._as_floats(stored, noise), indices)

    def _as_floats(self, stored: Shaped[Tensor, "B *E"], noise: Noise) -> Float[Tensor, "B *E"]:
        x = stored.to(self.dtype) / self.scale
        if self.binarise:
            x = (noise.uniform("binarise", x.shape, 0, x) < x).to(x.dtype)
        return x

    def noise(self, where: slice, sample: int) -> Noise:
        """The noise of a run of whole blocks: it depends on each block's place and on `sample` alone."""
        first, last = where.start // BLOCK, -(-where.stop // BLOCK)
        shards = tuple(
            Shard(self.first_block + i, min(BLOCK, len(self) - i * BLOCK)) for i in range(first, last)
        )
        return Noise(self.seed, (self.stream, sample), shards)

    def in_order(self, blocks: int = 2) -> Iterator[tuple[slice, Float[Tensor, "B *E"], Noise]]:
        """Read the split from start to end, `blocks` blocks of examples at a time.

        The noise of an example does not depend on how many blocks are read at once.

        Yields:
            where the chunk lies, x, and the noise for drawing latents.
        """
        for start in range(0, len(self), blocks * BLOCK):
            where = slice(start, min(start + blocks * BLOCK, len(self)))
            noise = self.noise(where, 0)
            yield where, self.gather(where, noise), noise

    def all(self) -> Float[Tensor, "N *E"]:
        """Every example as x, in order."""
        return self.first(len(self))

    def first(self, count: int) -> Float[Tensor, "M *E"]:
        """The first examples as x, `count` of them or all there are; the rest is not touched."""
        parts: list[Tensor] = []
        for where, x, _ in self.in_order():
            parts.append(x)
            if where.stop >= count:
                break
        return torch.cat(parts)[:count]

    def one(self, index: int) -> Float[Tensor, "*E"]:
        """One example as x, the same as `all()[index]`."""
        start = index // BLOCK * BLOCK
        where = slice(start, min(start + BLOCK, len(self)))
        return self.gather(where, self.noise(where, 0))[index - start]


def spaced_places(length: int, most: int) -> Int[Tensor, " M"]:
    """Places of at most so many of `length` examples, evenly spaced: splits may lie sorted by class.

    Example:
        >>> spaced_places(10, 4).tolist(), spaced_places(3, 4).tolist()
        ([0, 2, 5, 7], [0, 1, 2])
    """
    count = min(most, length)
    return torch.arange(count) * length // count


def _rows(shards: Shards, start: int, stop: int) -> Shards:
    """The rows from start to stop, still in their files."""
    parts: list[Part] = []
    before = 0
    for part in shards.parts:
        first, last = max(start - before, 0), min(stop - before, part.rows)
        if first < last:
            parts.append(replace(part, start=part.start + first, rows=last - first))
        before += part.rows
    return Shards(tuple(parts), shards.shape[1:], shards.dtype)


def epoch_order(seed: int, epoch: int, examples: int) -> Int[Tensor, " N"]:
    """The permutation of the training set that (seed, epoch) decides.

    Example:
        >>> epoch_order(0, 3, 5).tolist() == epoch_order(0, 3, 5).tolist()
        True
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(examples, generator=generator)
