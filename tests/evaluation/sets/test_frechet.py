"""The Fréchet distance against torchmetrics, scipy's matrix root, and Gaussians."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance

from vaekit.errors import UserError
from vaekit.evaluation.sets import (
    frechet_distance,
    frechet_error,
    frechet_floor,
    frechet_note,
    frechet_of_moments,
)


class Flat(torch.nn.Module):
    """In the place of Inception: the picture's own numbers."""

    num_features = 12

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


def two_sets(n: int, m: int, d: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    y = torch.randn(m, d, generator=generator, dtype=torch.float64)
    return x, y @ mix + 0.3


@pytest.mark.parametrize(("n", "m"), [(100, 60), (60, 100)])
def test_it_is_that_of_torchmetrics_with_a_module_of_our_own(n: int, m: int) -> None:
    x, y = two_sets(n, m, 12)
    metric = FrechetInceptionDistance(feature=Flat(), normalize=True, input_img_size=(3, 2, 2))
    metric.set_dtype(torch.float64)
    metric.update(x.reshape(n, 3, 2, 2), real=True)
    metric.update(y.reshape(m, 3, 2, 2), real=False)
    assert math.isclose(frechet_distance(x, y), metric.compute().item(), rel_tol=1e-8)


@pytest.mark.parametrize("d", [1, 2, 30])
def test_it_is_that_of_the_matrix_root_of_scipy(d: int) -> None:
    """Covariances that do not commute."""
    x, y = two_sets(200, 300, d)
    a, b = torch.cov(x.T).reshape(d, d), torch.cov(y.T).reshape(d, d)
    root = torch.as_tensor(np.real(np.asarray(sqrtm((a @ b).numpy()))))
    expected = (x.mean(0) - y.mean(0)).square().sum() + (a + b).trace() - 2 * root.trace()
    assert math.isclose(frechet_distance(x, y), expected.item(), rel_tol=1e-8)
    assert math.isclose(frechet_of_moments(x.mean(0), a, y.mean(0), b), expected.item(), rel_tol=1e-8)


def test_it_is_symmetric_and_ignores_turns_of_the_space(generator: torch.Generator) -> None:
    x, y = two_sets(50, 40, 6)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))[0]
    expected = frechet_distance(x, y)
    assert math.isclose(frechet_distance(y, x), expected, rel_tol=1e-9)
    assert math.isclose(frechet_distance(x @ turn, y @ turn), expected, rel_tol=1e-9)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_singular_covariances_give_finite_numbers_and_0_for_the_same_set(n: int) -> None:
    x, y = two_sets(n, n, 20)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert 0 < frechet_distance(x, y) < math.inf


def test_a_mean_far_from_0_takes_no_digits() -> None:
    x, y = two_sets(100, 80, 4)
    assert frechet_distance(x + 1e6, y + 1e6) == pytest.approx(frechet_distance(x, y), rel=1e-7)


def test_the_floor_is_what_samples_of_one_distribution_read() -> None:
    """Means of 30 repetitions, of 500 and 200 vectors in 16 dimensions; they differ by less than 5%.

    The standard error of their difference is about 1.5%, so that a right program fails once in 1000 seeds.
    """
    generator = torch.Generator().manual_seed(0)
    read, floor = [], []
    for seed in range(30):
        z = torch.randn(700, 16, generator=generator)
        read.append(frechet_distance(z[:500], z[500:]))
        floor.append(frechet_floor(z[:500], 200, seed))
    assert sum(floor) / sum(read) == pytest.approx(1, abs=0.05)


def test_the_standard_error_is_the_spread_over_sets() -> None:
    """The spread of 60 repetitions is known to 9%, a jackknife's mean over them to 3%: 30% is 3 standard errors."""
    read, error = [], []
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        x, y = torch.randn(2, 300, 4, generator=generator, dtype=torch.float64)
        read.append(frechet_distance(x, 1.5 * y + 0.5))
        error.append(frechet_error(x, 1.5 * y + 0.5, seed))
    assert torch.tensor(error).mean().item() == pytest.approx(torch.tensor(read).std().item(), rel=0.3)


def test_small_sets_have_no_standard_error() -> None:
    assert math.isnan(frechet_error(*two_sets(19, 100, 2)))


def test_too_few_vectors_are_noted() -> None:
    assert frechet_note(torch.zeros(8, 8), torch.zeros(9, 8)).startswith("8 vectors are fewer than the 9")
    assert frechet_note(torch.zeros(9, 8), torch.zeros(9, 8)) == ""


def test_too_few_vectors_are_refused() -> None:
    with pytest.raises(UserError, match="1 first vectors are too few, 2 are the fewest"):
        frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))
