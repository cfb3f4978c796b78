from math import inf, nan

import pytest
import torch

from vaekit.verification.check import Check, compare, estimate, standard_error


@pytest.mark.parametrize(
    ("relation", "measured", "passes"),
    [
        ("equal", 1.0, True),
        ("equal", 1.25, True),
        ("equal", 0.75, True),
        ("equal", 1.3, False),
        ("equal", 0.7, False),
        ("equal", nan, False),
        ("equal", inf, False),
        ("at_most", 0.0, True),
        ("at_most", 1.25, True),
        ("at_most", 1.3, False),
        ("at_most", nan, False),
        ("at_least", 2.0, True),
        ("at_least", 0.75, True),
        ("at_least", 0.7, False),
        ("at_least", nan, False),
    ],
)
def test_passed(relation, measured, passes) -> None:
    assert Check("C1", "one", 1.0, measured, 0.25, relation=relation).passed is passes


@pytest.mark.parametrize("tolerance", [nan, inf])
def test_a_tolerance_that_allows_anything_fails(tolerance) -> None:
    assert not Check("C1", "one", 1.0, 1.0, tolerance).passed


def test_an_unknown_expectation_fails() -> None:
    assert not Check("C1", "one", nan, 1.0, 1.0).passed


@pytest.mark.parametrize(("worst", "measured"), [(2.0, 2.0), (-3.0, -3.0)])
def test_compare_shows_the_worst_element(worst, measured) -> None:
    values = torch.tensor([[0.1, 0.0], [worst, 1.0]])
    check = compare("C1", "zero", torch.zeros(2, 2), values, 0.5, "nats")
    assert (check.expected, check.measured, check.unit, check.passed) == (0.0, measured, "nats", False)


def test_compare_lets_no_nan_through() -> None:
    assert not compare("C1", "zero", torch.zeros(3), torch.tensor([0.0, nan, 9.0]), 100.0).passed
    assert not compare("C1", "zero", torch.tensor([0.0, nan, 9.0]), torch.zeros(3), 100.0).passed


def test_compare_broadcasts() -> None:
    assert compare("C1", "rows", torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 2.0]] * 3), 0.0).passed


def test_estimate_allows_four_and_a_half_standard_errors() -> None:
    values = torch.tensor([-1.0, 1.0]).repeat(200)
    error = standard_error(values)
    assert error == pytest.approx((400 / 399) ** 0.5 / 20)
    assert estimate("C6", "zero", 4.49 * error, values).passed
    assert not estimate("C6", "zero", 4.51 * error, values).passed
