"""Examples as short vectors in which neighbours are sought: small pictures, and scaled columns of tables."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from vaekit.data.batches import Examples, spaced_places
from vaekit.noise import Noise, Shard
from vaekit.spec import DataSpec

SIDE = 16
AT_ONCE = 500


@final
class Thumbnails:
    """Pictures of at most 16×16 pixels; columns in units of their standard deviation over training examples.

    Stored values are looked at, not draws of a binarisation. A picture and its copy in another format differ in
    fine detail first, which thumbnails do not have.

    Args:
        train: the examples that give columns their units.
        spec: of the data.
    """

    def __init__(self, train: Examples, spec: DataSpec) -> None:
        self.is_image = spec.is_image
        self.scale: Tensor | float = 1.0
        if not self.is_image:
            spread = self.of(train, 10_000).std(0)
            self.scale = torch.where(spread > 0, spread, torch.ones_like(spread))

    def of(self, examples: Examples, most: int) -> Float[Tensor, "N F"]:
        """Those of at most so many examples, evenly spaced over the split, on the processor."""
        chosen = spaced_places(len(examples), most).to(examples.index_device)
        parts: list[Tensor] = []
        stored = Examples(examples.values, examples.scale, False, target=examples.target)
        for part in chosen.split(AT_ONCE):
            parts.append(self(stored.gather(part, Noise(0, (), (Shard(0, len(part)),)))))
        return torch.cat(parts)

    def __call__(self, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B F"]:
        """Those of a batch."""
        if self.is_image and max(x.shape[-2:]) > SIDE:
            x = adaptive_avg_pool2d(x, (min(SIDE, x.shape[-2]), min(SIDE, x.shape[-1])))
        return x.flatten(1).cpu() / self.scale

    def mirrored(self, thumbnails: Float[Tensor, "N F"], spec: DataSpec) -> Float[Tensor, "N F"]:
        """Pictures left to right."""
        channels, height, width = spec.shape
        shape = (channels, min(SIDE, height), min(SIDE, width)) if max(height, width) > SIDE else spec.shape
        return thumbnails.unflatten(1, tuple(shape)).flip(-1).flatten(1)
