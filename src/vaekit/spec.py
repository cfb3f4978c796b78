"""What a model must know of its data: the shape of one example, its levels, its moments."""

from dataclasses import dataclass
from math import log, prod
from typing import final

from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class DataSpec:
    """The facts of a data set that a recipe builds a model from.

    Args:
        shape: one example, `(C, H, W)` for images or `(D,)` for vectors.
        levels: number L of values a number can take; level k is stored as k/(L−1). None for floats.
        variance: mean over dimensions of the training set's variance (squared units of x).
        examples: N, how many there are to train on; None where nobody said.

    Example:
        >>> DataSpec(shape=(1, 8, 8), levels=17, variance=0.09).dimensions
        64
    """

    shape: tuple[int, ...]
    levels: int | None
    variance: float = 1.0
    examples: int | None = None

    def __post_init__(self) -> None:
        if self.levels is not None and self.levels < 2:
            raise UserError(f"data need at least 2 levels, got {self.levels}")

    @property
    def dimensions(self) -> int:
        """D, the number of values in one example."""
        return prod(self.shape)

    @property
    def is_image(self) -> bool:
        """Whether an example has channels, height and width."""
        return len(self.shape) == 3

    @property
    def quantisation_variance(self) -> float:
        """1/(12(L−1)²), the variance of rounding to the nearest level; 0 for floats."""
        return 0.0 if self.levels is None else 1 / (12 * (self.levels - 1) ** 2)

    def check_fits(self, wanted: "DataSpec", name: str, whose: str) -> None:
        """Make sure that examples of these data are what a model takes.

        Args:
            wanted: the facts that the model was built from.
            name: of these data.
            whose: how the sentence about the model begins.

        Raises:
            UserError: if shape or levels differ.

        Example:
            >>> DataSpec((1, 8, 8), 17).check_fits(DataSpec((1, 8, 8), 2), "digits", "the model was trained on")
            Traceback (most recent call last):
            vaekit.errors.UserError: digits has examples of shape (1, 8, 8) with levels 17; \
the model was trained on (1, 8, 8) with 2
        """
        if (self.shape, self.levels) != (wanted.shape, wanted.levels):
            raise UserError(
                f"{name} has examples of shape {self.shape} with levels {self.levels}; "
                f"{whose} {wanted.shape} with {wanted.levels}"
            )

    def bits_per_dimension(self, nats: float) -> float:
        """Turn nats per example into bits per dimension.

        Example:
            >>> round(DataSpec((1, 8, 8), 17).bits_per_dimension(64.0), 4)
            1.4427
        """
        return nats / (self.dimensions * log(2))
