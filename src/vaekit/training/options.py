"""How a run trains; importing this must not import torch."""

import math
from dataclasses import dataclass
from typing import final, get_args

from vaekit.errors import UserError, nearest
from vaekit.recipes.options import DecayName
from vaekit.training.ranks import check_division
from vaekit.training.speed import LAYOUTS, PRECISIONS, SPEEDS, Layout, Precision, SpeedName, Wish

DECAYS = get_args(DecayName)
DEVICES = ("auto", "cpu", "cuda", "mps")


@final
@dataclass(frozen=True)
class TrainingOptions:
    """The options of a run that no recipe owns.

    Args:
        epochs: passes over the training set; default: as many as make 6,000 steps, at least 10.
        minutes: train for about so long instead; the number of epochs is forecast before the start.
        batch_size: examples in a step, over all devices.
        lr: learning rate; default: the recipe's.
        decay: course of the learning rate; default: the recipe's.
        lr_warmup: fraction of training over which the learning rate rises from 0; default: the recipe's.
        weight_decay: decoupled weight decay; default: the recipe's.
        ema: decay of the moving average of the weights, as 0.999; 0 for none; default: the recipe's. With one,
            validation, metrics.csv and the finished model are of the averaged weights.
        patience: stop when the best validation ELBO is so many validations old, counted from the end of the
            warm-up of beta; default: never.
        clip: largest norm of the gradient of each player; 0 for no limit.
        seed: of the initial weights, the order of examples and the noise.
        device: auto, cpu, cuda or mps.
        devices: processes on each machine, one for each GPU or share of the cores; default: one, or as many as
            torchrun or srun started.
        nodes: machines that train together.
        accumulate: parts of a process's batch that are taken one after the other, to save memory.
        sheets: samples and reconstructions in figures/epochs every so many epochs; 0 for none; default: every
            epoch of at most 100, else about 20 in all.
        tensorboard: whether to write events into the run's folder tensorboard.
        speed: auto tries ways to take the same steps, a second each, where the training is long enough to give it
            back, and keeps the fastest; plain is float32 throughout. What was chosen stands in config.yaml.
        precision: float32 or bfloat16, of the networks while they train; default: as `speed` finds.
        layout: contiguous or channels_last, of images in memory; default: as `speed` finds.
        compiled: whether torch.compile fuses the networks' operations; default: as `speed` finds.
        captured: whether a step is replayed as one CUDA graph; default: as `speed` finds.
        shards: runs of examples of a batch with their own noise; a batch can be divided among so many
            ranks or micro-batches without changing a number.
    """

    epochs: int | None = None
    minutes: float | None = None
    batch_size: int = 128
    lr: float | None = None
    decay: DecayName | None = None
    lr_warmup: float | None = None
    weight_decay: float | None = None
    ema: float | None = None
    patience: int | None = None
    clip: float = 0.0
    seed: int = 0
    device: str = "auto"
    devices: int | None = None
    nodes: int = 1
    accumulate: int = 1
    sheets: int | None = None
    tensorboard: bool = False
    speed: SpeedName = "auto"
    precision: Precision | None = None
    layout: Layout | None = None
    compiled: bool | None = None
    captured: bool | None = None
    shards: int = 16

    def __post_init__(self) -> None:
        counts = ("batch_size", "shards", "devices", "nodes", "accumulate")
        for name in ("epochs", "patience", "seed", "sheets", *counts):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise UserError(f"--{name} must be a whole number, got {value}")
        for name, word, known in (
            ("decay", self.decay, DECAYS),
            ("device", self.device, DEVICES),
            ("speed", self.speed, SPEEDS),
            ("precision", self.precision, PRECISIONS),
            ("layout", self.layout, LAYOUTS),
        ):
            if word is not None and word not in known:
                raise UserError(f"no {name} is called {word}; {nearest(str(word), known)}")
        if self.epochs is not None and self.minutes is not None:
            raise UserError("give either --epochs or --minutes, not both")
        for name in ("tensorboard", "compiled", "captured"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, bool):
                raise UserError(f"--{name} must be true or false, got {value}")
        self._check_positive("epochs", self.epochs)
        self._check_positive("patience", self.patience)
        self._check_positive("minutes", self.minutes)
        self._check_positive("lr", self.lr)
        for name in counts:
            self._check_positive(name, getattr(self, name))
        for name, value in (
            ("clip", self.clip),
            ("weight_decay", self.weight_decay or 0),
            ("seed", self.seed),
            ("sheets", self.sheets or 0),
        ):
            if not (math.isfinite(value) and value >= 0):
                raise UserError(f"--{name} must be at least 0, got {value}")
        if not 0 <= (self.ema or 0) < 1:
            raise UserError(f"--ema must be at least 0 and less than 1, got {self.ema}")
        if not 0 <= (self.lr_warmup or 0) <= 1:
            raise UserError(f"--lr_warmup is a fraction of training between 0 and 1, got {self.lr_warmup}")
        if self.seed >= 2**63:
            raise UserError(f"--seed must be less than 2^63, got {self.seed}")
        check_division(self.batch_size, self.shards, (self.devices or 1) * self.nodes, self.accumulate)

    @property
    def wish(self) -> Wish:
        """What these options fix of how the networks run."""
        return Wish(self.precision, self.layout, self.compiled, self.captured)

    @staticmethod
    def _check_positive(name: str, value: float | None) -> None:
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UserError(f"--{name} must be positive, got {value}")
