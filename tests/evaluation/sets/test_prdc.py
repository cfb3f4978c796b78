"""Precision, recall, density and coverage against scikit-learn's neighbours, and on sets with known answers."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from vaekit.errors import UserError
from vaekit.evaluation.sets import Coverage, coverage, distances, expected_coverage


def by_scikit_learn(x: torch.Tensor, y: torch.Tensor, k: int) -> Coverage:
    """Neighbours of a tree; the first neighbour of a vector in its own set is itself."""
    trees = [NearestNeighbors(algorithm="kd_tree").fit(each.numpy()) for each in (x, y)]
    radius, other = (
        torch.as_tensor(tree.kneighbors(each.numpy(), k + 1)[0][:, -1])
        for tree, each in zip(trees, (x, y), strict=True)
    )
    inside = torch.zeros(len(x), len(y), dtype=torch.bool)
    for i in range(len(x)):
        inside[i, trees[1].radius_neighbors(x[i : i + 1].numpy(), radius[i], return_distance=False)[0]] = True
    recalled = torch.zeros(len(x), dtype=torch.bool)
    for j in range(len(y)):
        recalled[trees[0].radius_neighbors(y[j : j + 1].numpy(), other[j], return_distance=False)[0]] = True
    return Coverage(
        inside.any(0).double().mean().item(),
        recalled.double().mean().item(),
        inside.double().sum().item() / k / len(y),
        inside.any(1).double().mean().item(),
    )


def clusters(generator: torch.Generator, count: int, each: int) -> torch.Tensor:
    """Of unit width, 100 apart."""
    middle = 100 * torch.eye(count, dtype=torch.float64).repeat_interleave(each, 0)
    return middle + torch.randn(count * each, count, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("n", "m", "d", "k"), [(300, 200, 3, 5), (150, 400, 10, 3), (100, 100, 1, 1)])
def test_they_are_those_of_scikit_learn(n: int, m: int, d: int, k: int, generator: torch.Generator) -> None:
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    y = 1.2 * torch.randn(m, d, generator=generator, dtype=torch.float64) + 0.2
    found, expected = coverage(x, y, k), by_scikit_learn(x, y, k)
    assert 0 < expected.precision < 1
    assert vars(found) == pytest.approx(vars(expected), abs=1e-12)


def test_blocks_of_rows_change_nothing(generator: torch.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(101, 4, generator=generator)
    y = torch.randn(67, 4, generator=generator)
    whole = coverage(x, y)
    monkeypatch.setattr(distances, "AT_ONCE", 300)
    monkeypatch.setattr(distances, "FEWEST_ROWS", 1)
    assert coverage(x, y) == whole


@pytest.mark.parametrize("copies", [1, 9])
def test_a_set_covers_itself(copies: int, generator: torch.Generator) -> None:
    """With duplicates too, whose balls have radius 0, and far from 0, where distances lose digits."""
    x = (torch.randn(60, 8, generator=generator) + 1000).repeat(copies, 1)
    found = coverage(x, x.flip(0))
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density >= (1 + 5) / 5


def test_sets_apart_have_nothing_in_common(generator: torch.Generator) -> None:
    x = torch.randn(80, 3, generator=generator)
    assert coverage(x, x + 100) == Coverage(0, 0, 0, 0)


def test_a_dropped_mode_costs_recall_and_coverage_but_no_precision(generator: torch.Generator) -> None:
    """Two of four clusters: standard errors of the shares are about .02; density does not see it either."""
    real = clusters(generator, 4, 150)
    generated = clusters(generator, 4, 300)[:600]
    found = coverage(real, generated)
    assert found.precision > 0.8
    assert found.density == pytest.approx(1, abs=0.2)
    assert found.recall < 0.5
    assert found.coverage == pytest.approx(expected_coverage(150, 300) / 2, abs=0.03)


def test_invented_samples_cost_precision_and_density_but_no_recall(generator: torch.Generator) -> None:
    real = clusters(generator, 4, 150)[:300]
    generated = clusters(generator, 4, 150)
    found = coverage(real, generated)
    assert found.recall > 0.8
    assert found.precision < 0.5
    assert found.density == pytest.approx(0.5, abs=0.1)


def test_an_outlier_raises_precision_more_than_density(generator: torch.Generator) -> None:
    """Naeem et al. 2020, figure 2: one far real vector has a ball that holds all that is invented near it."""
    real = torch.cat([torch.randn(300, 2, generator=generator), torch.full((1, 2), 50.0)])
    generated = 20 + torch.randn(300, 2, generator=generator)
    found = coverage(real, generated)
    assert found.precision == 1
    assert found.density == pytest.approx(1 / 5)
    assert found.coverage == pytest.approx(1 / 301)


@pytest.mark.parametrize(("n", "m", "k"), [(30, 50, 2), (40, 20, 4)])
def test_expected_coverage_is_the_mean_in_many_dimensions(n: int, m: int, k: int) -> None:
    """2000 repetitions, limit 4.5 standard errors: false alarm 7e-6; the distribution does not matter."""
    generator = torch.Generator().manual_seed(0)
    values = torch.tensor(
        [
            coverage(
                torch.rand(n, 20, generator=generator) ** 3, torch.rand(m, 20, generator=generator) ** 3, k
            ).coverage
            for _ in range(2000)
        ]
    )
    error = values.std().item() / 2000**0.5
    assert values.mean().item() == pytest.approx(expected_coverage(n, m, k), abs=4.5 * error)


def test_too_few_neighbours_are_refused() -> None:
    with pytest.raises(UserError, match="5 generated vectors are too few, 6 are the fewest"):
        coverage(torch.zeros(10, 2), torch.zeros(5, 2))
    with pytest.raises(UserError, match="k is at least 1"):
        coverage(torch.zeros(10, 2), torch.zeros(5, 2), 0)
