"""One line of the gate: what a closed form says, what vaekit measured, and how far apart they may be."""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

STANDARD_ERRORS = 4.5
"""Tolerance of a statistical check: a right program fails one with probability 7e-6, the gate with < 2e-4."""


@final
@dataclass(frozen=True)
class Check:
    """A number that theory expects and the number that vaekit measured.

    Args:
        gate: the row of the gate, "C1" for instance.
        statement: what should be true, in one line.
        expected: by theory.
        measured: by vaekit.
        tolerance: how far the measured value may lie from the expected one, or beyond it.
        unit: of the three numbers.
        relation: "equal", or one-sided: "at_most" or "at_least" the expected value.

    Example:
        >>> Check("C1", "half of two", expected=1.0, measured=1.0 + 1e-9, tolerance=1e-8).passed
        True
        >>> Check("C1", "not a number", expected=1.0, measured=float("nan"), tolerance=1e-8).passed
        False
    """

    gate: str
    statement: str
    expected: float
    measured: float
    tolerance: float
    unit: str = ""
    relation: Literal["equal", "at_most", "at_least"] = "equal"

    @property
    def passed(self) -> bool:
        """Whether the measured value is where it should be; never with a NaN or an unbounded tolerance."""
        if not isfinite(self.tolerance):
            return False
        excess = self.measured - self.expected
        if self.relation == "at_most":
            return excess <= self.tolerance
        if self.relation == "at_least":
            return -excess <= self.tolerance
        return abs(excess) <= self.tolerance


def compare(
    gate: str, statement: str, expected: Tensor, measured: Tensor, tolerance: float, unit: str = ""
) -> Check:
    """Compare tensors of one shape by the element where they differ most; a NaN differs most of all.

    Example:
        >>> compare("C1", "ones", torch.ones(3), torch.tensor([1.0, 1.5, 1.0]), 0.1).measured
        1.5
    """
    measured, expected = torch.broadcast_tensors(measured.detach(), expected.detach())
    where = (measured.double() - expected.double()).abs().flatten().argmax()
    return Check(
        gate, statement, expected.flatten()[where].item(), measured.flatten()[where].item(), tolerance, unit
    )


def estimate(
    gate: str, statement: str, expected: float, values: Float[Tensor, " n"], unit: str = ""
) -> Check:
    """Compare the mean of independent values with its expectation, to 4.5 standard errors.

    Example:
        >>> values = torch.tensor([0.0, 2.0]).repeat(50)
        >>> estimate("C6", "a fair coin", 1.0, values).statement
        'a fair coin (4.5 s.e.; s.e. 0.1)'
    """
    error = standard_error(values)
    within = f"{statement} ({STANDARD_ERRORS:g} s.e.; s.e. {error:.2g})"
    return Check(gate, within, expected, values.double().mean().item(), STANDARD_ERRORS * error, unit)


def standard_error(values: Float[Tensor, " n"]) -> float:
    """s/√n of the mean of n independent values.

    Example:
        >>> round(standard_error(torch.tensor([0.0, 2.0]).repeat(50)), 4)
        0.1005
    """
    return values.double().std().item() / sqrt(values.shape[0])
