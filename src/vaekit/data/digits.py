"""The handwritten digits that come with scikit-learn: the data set that needs no file."""

import numpy as np

from vaekit.data.assemble import Part, assemble
from vaekit.data.records import Data
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

LEVELS = 17


def load_digits(levels: int | None = None, options: SplitOptions | None = None) -> Data:
    """Return the 1797 digits of 8×8 pixels with 17 levels and their classes, divided by a seeded shuffle.

    Args:
        levels: 17, or None for the same.
        options: fractions and seed; None for the defaults.

    Raises:
        UserError: another number of levels.

    Source: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI repository (1998).

    Example:
        >>> load_digits().spec.shape
        (1, 8, 8)
    """
    from sklearn import datasets

    if levels not in (None, LEVELS):
        raise UserError(f"digits have {LEVELS} levels, not {levels}; leave levels out")
    values, labels = datasets.load_digits(return_X_y=True)
    part = Part(np.asarray(values).astype(np.uint8).reshape(-1, 8, 8), np.asarray(labels))
    return assemble("digits", {"train": part}, LEVELS, options or SplitOptions())
