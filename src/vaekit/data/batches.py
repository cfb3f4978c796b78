"""From stored values to batches: gathered straight from memory, in an order that (seed, epoch) decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaekit.data.records import Data
from vaekit.noise import Noise, Shard

BLOCK = 50
"""Examples that share one random stream when a split is read in order."""


@final
@dataclass(frozen=True, eq=False)
class Examples:
    """One split, resident on a device as it is stored; scaled to [0, 1] when gathered.

    Args:
        values: (N, *E), integers 0 … L−1 or floats.
        scale: L − 1, or 1 for floats.
        binarise: whether each gather draws x ~ Bernoulli(k/(L−1)).
        seed: of the draws when the split is read in order.
        stream: name of the split; no two splits share their noise, and none shares it with training.
        flip: whether a training batch mirrors images left to right, each with probability ½.
    """

    values: Tensor
    scale: float
    binarise: bool
    seed: int = 0
    stream: str = "held out"
    flip: bool = False

    @classmethod
    def of(cls, data: Data, split: str, device: torch.device | str = "cpu", seed: int = 0) -> "Examples":
        """Put a split on a device: "train", "validation" or "test"."""
        scale = 1.0 if data.stored_levels is None else float(data.stored_levels - 1)
        values = torch.as_tensor(data.split(split).values).to(device)
        return cls(values, scale, data.binarise == "dynamic", seed, split, data.flip and split == "train")

    def __len__(self) -> int:
        return len(self.values)

    def gather(self, indices: Int[Tensor, " B"] | slice, noise: Noise) -> Float[Tensor, "B *E"]:
        """Return x of the given examples, floats; level k of L is k/(L−1)."""
        x = self.values[indices].to(torch.float32) / self.scale
        if self.binarise:
            x = (noise.uniform("binarise", x.shape, 0, x) < x).to(x.dtype)
        return x

    def augmented(self, indices: Int[Tensor, " B"], noise: Noise) -> Float[Tensor, "B *E"]:
        """Return x of the given examples as training sees them: some of the images mirrored."""
        x = self.gather(indices, noise)
        if not self.flip:
            return x
        mirrored = noise.uniform("flip", x.shape[:1], 0, x) < 0.5
        return torch.where(mirrored.reshape(-1, *[1] * (x.ndim - 1)), x.flip(-1), x)

    def noise(self, where: slice, sample: int) -> Noise:
        """The noise of a run of whole blocks: it depends on each block's place and on `sample` alone."""
        first, last = where.start // BLOCK, -(-where.stop // BLOCK)
        shards = tuple(Shard(i, min(BLOCK, len(self) - i * BLOCK)) for i in range(first, last))
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


def epoch_order(seed: int, epoch: int, examples: int) -> Int[Tensor, " N"]:
    """The permutation of the training set that (seed, epoch) decides.

    Example:
        >>> epoch_order(0, 3, 5).tolist() == epoch_order(0, 3, 5).tolist()
        True
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(examples, generator=generator)
