"""How a run trains; importing this must not import torch."""

import math
from dataclasses import dataclass
from typing import final, get_args

from vaekit.errors import UserError, nearest
from vaekit.recipes.options import DecayName

DECAYS = get_args(DecayName)
DEVICES = ("auto", "cpu", "cuda", "mps")


@final
@dataclass(frozen=True)
class TrainingOptions:
    """The options of a run that no recipe owns.

    Args:
        epochs: passes over the training set; default: as many as make 6,000 steps, at least 10.
        minutes: train for about so long instead; the number of epochs is forecast before the start.
        batch_size: examples in a step.
        lr: learning rate; default: the recipe's.
        decay: course of the learning rate; default: the recipe's.
        weight_decay: decoupled weight decay; default: the recipe's.
        clip: largest norm of the gradient of each player; 0 for no limit.
        seed: of the initial weights, the order of examples and the noise.
        device: auto, cpu, cuda or mps.
        shards: runs of examples of a batch with their own noise; a batch can be divided among so many
            ranks or micro-batches without changing a number.
    """

    epochs: int | None = None
    minutes: float | None = None
    batch_size: int = 128
    lr: float | None = None
    decay: DecayName | None = None
    weight_decay: float | None = None
    clip: float = 0.0
    seed: int = 0
    device: str = "auto"
    shards: int = 16

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "seed", "shards"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise UserError(f"--{name} must be a whole number, got {value}")
        for name, word, known in (("decay", self.decay, DECAYS), ("device", self.device, DEVICES)):
            if word is not None and word not in known:
                raise UserError(f"no {name} is called {word}; {nearest(str(word), known)}")
        if self.epochs is not None and self.minutes is not None:
            raise UserError("give either --epochs or --minutes, not both")
        self._check_positive("epochs", self.epochs)
        self._check_positive("minutes", self.minutes)
        self._check_positive("batch_size", self.batch_size)
        self._check_positive("lr", self.lr)
        self._check_positive("shards", self.shards)
        for name, value in (
            ("clip", self.clip),
            ("weight_decay", self.weight_decay or 0),
            ("seed", self.seed),
        ):
            if not (math.isfinite(value) and value >= 0):
                raise UserError(f"--{name} must be at least 0, got {value}")
        if self.seed >= 2**63:
            raise UserError(f"--seed must be less than 2^63, got {self.seed}")

    @staticmethod
    def _check_positive(name: str, value: float | None) -> None:
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UserError(f"--{name} must be positive, got {value}")
