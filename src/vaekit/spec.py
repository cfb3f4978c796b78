"""What a model must know of its data: the shape of one example, its levels, its moments, its columns."""

from dataclasses import dataclass, field
from math import log, prod
from typing import Literal, final

from vaekit.errors import UserError, nearest

ColumnKind = Literal["real", "positive", "count", "binary", "categorical"]


@final
@dataclass(frozen=True)
class Column:
    """What one column of a table holds.

    Args:
        kind: real; positive, modelled by its logarithm; count, 0, 1, 2 …; binary, 0 or 1; or categorical, the codes
            0 … K−1 of classes without an order.
        categories: K of a categorical column; None for the others.
        name: of the column, or "".
        mean: over the training examples, of x where it is real, log x where positive, log(1 + x) where a count.
        std: standard deviation of the same.

    Raises:
        UserError: categories of a column that has none, or fewer than two.

    Example:
        >>> Column("categorical", 5).written
        'categorical:5'
    """

    kind: ColumnKind
    categories: int | None = None
    name: str = ""
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if self.kind == "categorical" and (self.categories is None or self.categories < 2):
            raise UserError("a categorical column has at least 2 categories: write categorical:5 for five")
        if self.kind != "categorical" and self.categories is not None:
            raise UserError(f"a {self.kind} column has no number of categories: write {self.kind}")

    @property
    def written(self) -> str:
        """As `--columns` takes it."""
        kind = self.kind if self.categories is None else f"{self.kind}:{self.categories}"
        return f"{self.name}={kind}" if self.name else kind


@final
@dataclass(frozen=True)
class Condition:
    """What a model of p(x | c) is told of each example.

    Args:
        kind: labels, one class of several; or attributes, several answers of yes or no.
        names: of the classes or the answers, one for each number of c.
        prior: of the latents: shared by all conditions, or learned for each, p(z | c).
        labelled: how many training examples tell their labels, equally many of each class; None: all.

    Raises:
        UserError: for fewer than two classes, no attribute, or fewer labelled examples than classes.

    Example:
        >>> Condition("labels", ("cat", "dog")).told("dog")
        (0.0, 1.0)
        >>> Condition("attributes", ("smiling", "young", "hat")).told("smiling,hat")
        (1.0, 0.0, 1.0)
    """

    kind: Literal["labels", "attributes"]
    names: tuple[str, ...]
    prior: Literal["shared", "learned"] = "shared"
    labelled: int | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.names) < (2 if self.kind == "labels" else 1):
            raise UserError(f"a condition on {self.kind} needs more of them than {len(self.names)}")

        if self.labelled is not None and (self.kind != "labels" or self.labelled < len(self.names)):
            raise UserError(
                f"--labelled is a number of examples, at least one of each of the {len(self.names)} classes of "
                f"--condition labels, got {self.labelled}"
            )

    @property
    def size(self) -> int:
        """C, numbers of a condition."""
        return len(self.names)

    def told(self, words: str) -> tuple[float, ...]:
        """The condition that a person names: a class; or the attributes that are there, with commas between.

        Raises:
            UserError: for a name that is none, with the nearest, or several classes.
        """
        said = [word for word in words.split(",") if word]
        if unknown := [word for word in said if word not in self.names]:
            raise UserError(f"{unknown[0]} is none of the {self.kind}; {nearest(unknown[0], self.names)}")
        if self.kind == "labels" and len(said) != 1:
            raise UserError(f"an example has one label: name one of {', '.join(self.names)}")
        return tuple(float(name in said) for name in self.names)


@final
@dataclass(frozen=True)
class DataSpec:
    """The facts of a data set that a recipe builds a model from.

    Args:
        shape: one example, `(C, H, W)` for images or `(D,)` for vectors.
        levels: number L of values a number can take; level k is stored as k/(L−1). None for floats.
        variance: mean over dimensions of the training set's variance (squared units of x).
        examples: N, how many there are to train on; None where nobody said.
        columns: of a table of floats, what each holds; None where nobody said.
        condition: what models are told of each example; None where nothing is.
        whole: of a table of floats, whether all training values are whole numbers of at least 0; None where nobody
            looked.
        missing: whether values are missing, NaN, in any of the examples.

    Raises:
        UserError: fewer than two levels, or columns that are not those of a table of floats.

    Example:
        >>> DataSpec(shape=(1, 8, 8), levels=17, variance=0.09).dimensions
        64
    """

    shape: tuple[int, ...]
    levels: int | None
    variance: float = 1.0
    examples: int | None = None
    columns: tuple[Column, ...] | None = field(default=None, repr=False)
    whole: bool | None = field(default=None, repr=False)
    condition: Condition | None = field(default=None, repr=False)
    missing: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if self.levels is not None and self.levels < 2:
            raise UserError(f"data need at least 2 levels, got {self.levels}")
        if self.columns is not None and (self.levels is not None or self.shape != (len(self.columns),)):
            raise UserError(
                f"{len(self.columns)} columns are told of data of shape {self.shape} with levels {self.levels}: only "
                "tables of floats have columns, one for each value"
            )

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
            UserError: if shape, levels or the kinds of columns differ.

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
        own, other = (
            [(column.kind, column.categories) for column in spec.columns or ()] for spec in (self, wanted)
        )
        if own != other:
            raise UserError(
                f"{name} has {_told(self.columns)}; {whose} {_told(wanted.columns)}: say the same with --columns"
            )

    def bits_per_dimension(self, nats: float) -> float:
        """Turn nats per example into bits per dimension.

        Example:
            >>> round(DataSpec((1, 8, 8), 17).bits_per_dimension(64.0), 4)
            1.4427
        """
        return nats / (self.dimensions * log(2))


def _told(columns: tuple[Column, ...] | None) -> str:
    return (
        "no kinds of columns" if columns is None else f"columns {','.join(each.written for each in columns)}"
    )
