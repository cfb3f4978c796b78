"""How a feature space is trained; importing this must not import torch."""

from dataclasses import dataclass
from typing import Literal, final, get_args

from vaekit.errors import UserError, nearest

TrainedKind = Literal["classifier", "contrastive"]
KINDS = ("auto", *get_args(TrainedKind))


@final
@dataclass(frozen=True)
class FeatureOptions:
    """How to train the network whose features are compared.

    Args:
        kind: classifier, where examples have labels; contrastive, which needs none; auto: the first where it can.
        epochs: passes over the training set; default: as many as make about 1,300 steps of a classifier or
            2,400 of a contrastive network, at least 3 and at most 100.
        batch_size: examples in a step.
        lr: highest learning rate of AdamW.
        seed: of the initial weights, the order of examples and their augmentation.

    Raises:
        UserError: a value outside these.

    Example:
        >>> FeatureOptions(kind="clasifier")
        Traceback (most recent call last):
        vaekit.errors.UserError: no kind of features is called clasifier; did you mean classifier?
    """

    kind: str = "auto"
    epochs: int | None = None
    batch_size: int = 128
    lr: float = 3e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"no kind of features is called {self.kind}; {nearest(self.kind, KINDS)}")
        if self.epochs is not None and self.epochs < 1:
            raise UserError(f"--epochs must be at least 1, got {self.epochs}")
        if self.batch_size < 2:
            raise UserError(f"--batch_size must be at least 2, got {self.batch_size}")
        if not 0 < self.lr < 1:
            raise UserError(f"--lr must lie between 0 and 1, got {self.lr}")
        if not 0 <= self.seed < 2**63:
            raise UserError(f"--seed must be at least 0 and less than 2^63, got {self.seed}")
