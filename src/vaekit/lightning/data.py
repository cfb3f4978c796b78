"""A data set as a LightningDataModule: what travels are indices, what they point to lies on the device."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, final

import torch
from jaxtyping import Int
from torch import Tensor

from vaekit.data import Data, Source, load
from vaekit.data.batches import BLOCK, Examples, epoch_order
from vaekit.training.options import TrainingOptions

if TYPE_CHECKING:
    from lightning.pytorch import LightningDataModule as Base
else:
    # The two packages that are Lightning have a base class each; `modern` and `classic` add theirs.
    Base = object

_BLOCKS = 2


@final
class Shuffled:
    """The whole batches of an epoch as indices, in the order of vaekit's own loop.

    Args:
        examples: N.
        batch_size: B, at most N.
        seed: with the epoch, decides the order.

    Example:
        >>> batches = Shuffled(examples=5, batch_size=2, seed=0)
        >>> len(batches), [len(indices) for indices in batches]
        (2, [2, 2])
    """

    def __init__(self, examples: int, batch_size: int, seed: int) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    @property
    def sampler(self) -> "Shuffled":
        """Where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Lightning tells the epoch, counted from 0, before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.examples // self.batch_size

    def __iter__(self) -> Iterator[Int[Tensor, " B"]]:
        order = epoch_order(self.seed, self.epoch, self.examples)
        for batch in range(len(self)):
            yield order[batch * self.batch_size : (batch + 1) * self.batch_size]


@final
class InOrder:
    """A split from start to end in whole blocks of noise, so that no figure depends on the batch size.

    Args:
        examples: N.

    Example:
        >>> list(InOrder(120))
        [slice(0, 100, None), slice(100, 120, None)]
    """

    def __init__(self, examples: int) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return -(-self.examples // (_BLOCKS * BLOCK))

    def __iter__(self) -> Iterator[slice]:
        for start in range(0, self.examples, _BLOCKS * BLOCK):
            yield slice(start, min(start + _BLOCKS * BLOCK, self.examples))


class DataHooks(Base):
    """The three splits of a data set; its loaders yield indices and the module gathers on the device.

    Args:
        source: what `vaekit.data.load` takes; or what it returned, where levels, binarisation, fractions or
            pictures need options.
        batch_size: examples in a training step.
        seed: of the order, the noise and the initial weights, as `--seed` of `vaekit train`.
        predict: the split that `trainer.predict` encodes.

    Raises:
        UserError: for data or numbers that will not do.
    """

    def __init__(
        self, source: Source, batch_size: int = 128, *, seed: int = 0, predict: str = "test"
    ) -> None:
        super().__init__()
        TrainingOptions(batch_size=batch_size, seed=seed)  # says what is wrong with them
        self.data: Data = load(source)
        self.data.split(predict)
        self.batch_size = min(batch_size, len(self.data.train))
        self.seed = seed
        self.predicted = predict
        self._resident: dict[tuple[str, str], Examples] = {}

    def examples(self, split: str, device: torch.device) -> Examples:
        """A split on a device; it stays there until Lightning tears down."""
        place = (split, str(device))
        if place not in self._resident:
            with torch.inference_mode(False):  # a fit may follow on what a validation put there
                self._resident[place] = Examples.of(self.data, split, device, self.seed)
        return self._resident[place]

    def teardown(self, stage: str) -> None:
        """Give the device's memory back."""
        self._resident.clear()

    def train_dataloader(self) -> Shuffled:
        """Index batches, another order each epoch."""
        return Shuffled(len(self.data.train), self.batch_size, self.seed)

    def val_dataloader(self) -> InOrder:
        """Slices of the validation split."""
        return InOrder(len(self.data.validation))

    def test_dataloader(self) -> InOrder:
        """Slices of the test split."""
        return InOrder(len(self.data.test))

    def predict_dataloader(self) -> InOrder:
        """Slices of the split to encode."""
        return InOrder(len(self.data.split(self.predicted)))
