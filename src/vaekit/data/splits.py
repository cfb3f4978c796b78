"""How a source without its own splits is divided; light enough for the command line to import at start-up."""

from dataclasses import dataclass
from typing import final

from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class SplitOptions:
    """The fractions held out for validation and test, and the seed of the shuffle that chooses them.

    Where a source brings its own train and test parts, only what is missing is carved from its train part.

    Args:
        validation: fraction of the divided examples held out for validation, in (0, 1).
        test: fraction of the divided examples held out for the test, in (0, 1).
        seed: seed of the shuffle, and of a fixed binarisation; at least 0.

    Raises:
        UserError: a fraction outside (0, 1), fractions that leave nothing to train on, a negative seed.

    Example:
        >>> SplitOptions(validation=0.2).test
        0.1
    """

    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, fraction in (("validation", self.validation), ("test", self.test)):
            if not 0 < fraction < 1:
                raise UserError(f"the {name} fraction must lie between 0 and 1, but is {fraction}")
        if self.validation + self.test >= 1:
            raise UserError(
                f"validation {self.validation} and test {self.test} leave nothing to train on: "
                "their sum must be less than 1"
            )
        if self.seed < 0:
            raise UserError(f"the seed of the split must be at least 0, but is {self.seed}")
