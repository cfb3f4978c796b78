"""All numbers of two sets in one record."""

import math
from dataclasses import fields

import pytest
import torch

from vaekit.errors import UserError
from vaekit.evaluation.sets import (
    Measured,
    SetComparison,
    compare_sets,
    coverage,
    frechet_distance,
    kernel_distance,
)


def pair(n: int, m: int, d: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    z = torch.randn(n + m, d, generator=torch.Generator().manual_seed(seed))
    return z[:n], z[n:]


def test_it_holds_the_numbers_of_its_parts() -> None:
    x, y = pair(300, 200, 5)
    y = 1.2 * y
    found = compare_sets(x, y, k=3, seed=7)
    shares = coverage(x, y, 3)
    assert found.frechet.value == frechet_distance(x, y)
    assert found.kernel.value == kernel_distance(x, y, seed=7).value
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(found, name).value == getattr(shares, name)
    assert (found.real, found.generated, found.dimensions, found.k) == (300, 200, 5, 3)
    assert found.notes == ()


def test_it_is_repeatable_and_leaves_the_generator_alone() -> None:
    x, y = pair(100, 100, 3)
    before = torch.get_rng_state()
    assert compare_sets(x, y) == compare_sets(x, y)
    assert torch.equal(before, torch.get_rng_state())


def test_standard_errors_are_the_spread_over_sets() -> None:
    """The spread of 40 repetitions is known to 11%, and halves read a little otherwise: within a factor 1.6."""
    found: list[SetComparison] = [compare_sets(*pair(600, 600, 4, seed)) for seed in range(40)]
    for name in ("kernel", "precision", "recall", "density", "coverage"):
        each: list[Measured] = [getattr(one, name) for one in found]
        spread = torch.tensor([one.value for one in each]).std().item()
        error = torch.tensor([one.standard_error for one in each]).square().mean().sqrt().item()
        assert 1 / 1.6 < error / spread < 1.6, name


def test_errors_of_shares_hold_where_samples_keep_to_the_middle() -> None:
    """Density 15 ± .8: groups of a tenth said ± .04. Over 30 repetitions (13%) a right program stays within 2.5."""
    found: list[SetComparison] = []
    for seed in range(30):
        x, y = pair(180, 180, 64, seed)
        found.append(compare_sets(x, 0.7 * y))
    spread = torch.tensor([one.density.value for one in found]).std().item()
    error = torch.tensor([one.density.standard_error for one in found]).square().mean().sqrt().item()
    assert 1 / 2.5 < error / spread < 2.5
    assert all(one.precision == Measured(1.0, 0.0) for one in found)


def test_a_perfect_generator_reads_what_the_record_expects() -> None:
    found = compare_sets(*pair(1000, 1000, 4))
    assert found.frechet.value < 2 * found.frechet_floor
    assert abs(found.kernel.value) < 5 * found.kernel.standard_error
    assert found.coverage.value == pytest.approx(
        found.expected_coverage, abs=4.5 * found.coverage.standard_error
    )
    assert found.density.value == pytest.approx(1, abs=4.5 * found.density.standard_error)


def test_small_sets_say_what_they_cannot_tell() -> None:
    found = compare_sets(*pair(40, 30, 64))
    assert math.isnan(found.precision.standard_error)
    assert found.notes[0].startswith("30 vectors are fewer than the 65")
    numbers = [getattr(found, field.name) for field in fields(found)]
    assert all(math.isfinite(one.value) for one in numbers if isinstance(one, Measured))
    with pytest.raises(UserError, match="19 generated vectors are too few, 20 are the fewest"):
        compare_sets(*pair(40, 19, 2))
