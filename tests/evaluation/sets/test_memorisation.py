"""The test for copying against scipy, on fresh samples, on copies, and on samples that are merely smooth."""

import math

import pytest
import torch
from scipy.stats import mannwhitneyu

from vaekit.errors import UserError
from vaekit.evaluation.sets import mann_whitney, memorisation, nearest

D = 8


def normal(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, D, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("levels", [3, 20, 10**9])
@pytest.mark.parametrize(("n", "m"), [(40, 40), (25, 200)])
def test_z_is_that_of_scipy_with_and_without_ties(levels: int, n: int, m: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    a = torch.randint(levels, (n,), generator=generator).double()
    b = torch.randint(levels, (m,), generator=generator).double() * 1.25
    share, z = mann_whitney(a, b)
    expected = mannwhitneyu(a, b, method="asymptotic", use_continuity=False, alternative="less")
    assert share * n * m == pytest.approx(expected.statistic)
    assert (1 + math.erf(z / math.sqrt(2))) / 2 == pytest.approx(expected.pvalue, abs=1e-12)


def test_equal_values_are_no_evidence() -> None:
    assert mann_whitney(torch.ones(4), torch.ones(3)) == (0.5, 0.0)


def test_the_nearest_training_vector_is_found(generator: torch.Generator) -> None:
    train = normal(200, 0)
    chosen = torch.randint(200, (50,), generator=generator)
    generated = train[chosen] + 0.01 * torch.randn(50, D, generator=generator)
    found = memorisation(train, normal(60, 1), generated)
    assert torch.equal(found.nearest, chosen)
    expected = torch.cdist(generated.double(), train.double(), compute_mode="donot_use_mm_for_euclid_dist")
    torch.testing.assert_close(found.distance, expected.min(1).values)
    assert found.held_out_distance.shape == (60,)
    assert nearest(train, train)[0].max() == 0


@pytest.mark.parametrize(("held_out", "generated"), [(100, 100), (50, 400), (400, 50)])
def test_fresh_samples_are_standard_normal_in_both_z(held_out: int, generated: int) -> None:
    """300 repetitions of each size: means within 4 standard errors (6e-5), deviations within 4 (4/√600 = .16).

    Of 300 z of a standard normal, none is beyond ±5 (2e-4 with other seeds).
    """
    found = []
    for seed in range(300):
        z = normal(200 + held_out + generated, seed)
        found.append(memorisation(z[:200], z[200 : 200 + held_out], z[200 + held_out :]))
    for values in (torch.tensor([one.z for one in found]), torch.tensor([one.z_training for one in found])):
        assert values.mean().abs() < 4 / math.sqrt(300)
        assert values.std().item() == pytest.approx(1, abs=0.16)
        assert values.abs().max() < 5
    # P(z < −3) = .00135: more than 4 of 300 with probability 1e-3.
    assert sum(one.nearer for one in found) <= 4
    assert not any(one.copying for one in found)


@pytest.mark.parametrize("blur", [0.0, 0.1])
def test_copies_are_far_below_minus_3(blur: float) -> None:
    train = normal(500, 0)
    found = memorisation(train, normal(200, 1), train[:150] + blur * normal(150, 2))
    assert found.z < -10
    assert found.z_training > 5
    assert found.copying
    assert found.fraction_nearer > 0.99
    assert found.share_training == 1
    assert found.expected_share == 500 / 700


def test_the_direction() -> None:
    """Too far away is above 3: a bad model is no copy."""
    found = memorisation(normal(300, 0), normal(200, 1), 2 * normal(200, 2))
    assert found.z > 3
    assert found.fraction_nearer < 0.5
    assert not found.copying


def test_copies_of_half_are_found() -> None:
    train = normal(500, 0)
    found = memorisation(train, normal(400, 1), torch.cat([train[:200], normal(200, 2)]))
    assert found.nearer
    assert found.copying


def test_smooth_samples_are_nearer_but_no_copies() -> None:
    """Samples pulled to the middle are near to all; of the 20 z_training, one passes 3 once in 40 seeds."""
    found = [
        memorisation(normal(500, 3 * seed), normal(300, 3 * seed + 1), 0.4 * normal(300, 3 * seed + 2))
        for seed in range(20)
    ]
    assert all(one.z < -10 and one.nearer for one in found)
    assert not any(one.copying for one in found)


def test_copies_of_held_out_vectors_are_no_copies_of_the_training_set() -> None:
    held_out = normal(200, 1)
    found = memorisation(normal(300, 0), held_out, held_out[:100])
    assert abs(found.z) < 4
    assert found.share_training == 0
    assert found.z_training < -5
    assert not found.copying


def test_too_few_are_refused() -> None:
    with pytest.raises(UserError, match="1 held-out vectors are too few"):
        memorisation(normal(9, 0), normal(1, 0), normal(9, 0))
