from itertools import product

import mpmath
import pytest
import torch

from vaekit.distributions import level_values, normal_log_cell_mass

STDS = [1e-3, 1e-2, 0.1, 1.0, 10.0]
TAILS = [0.0, 0.3, 1.0, 6.0, 40.0]  # standard deviations between x and the mean


def exact_log_cell_mass(k: int, mean: float, std: float, levels: int) -> float:
    """By the definition, in more digits than the e^{-800} of 40 standard deviations takes away."""
    with mpmath.workdps(400):
        m, s, twice = mpmath.mpf(mean), mpmath.mpf(std), 2 * levels - 2
        below = mpmath.ncdf((mpmath.mpf(2 * k - 1) / twice - m) / s) if k > 0 else mpmath.mpf(0)
        above = mpmath.ncdf((mpmath.mpf(2 * k + 1) / twice - m) / s) if k < levels - 1 else mpmath.mpf(1)
        return float(mpmath.log(above - below))


@pytest.mark.parametrize(
    ("levels", "k"), [(2, 0), (2, 1), (17, 0), (17, 5), (17, 16), (256, 0), (256, 100), (256, 255)]
)
def test_mass_agrees_with_the_definition_far_into_the_tail(levels: int, k: int) -> None:
    cases = [(k / (levels - 1) + sign * tail * std, std) for std, tail, sign in product(STDS, TAILS, [-1, 1])]
    mean, std = torch.tensor(cases, dtype=torch.float64).unbind(-1)
    exact = torch.tensor([exact_log_cell_mass(k, m, s, levels) for m, s in cases], dtype=torch.float64)
    x = torch.full_like(mean, k / (levels - 1))
    torch.testing.assert_close(normal_log_cell_mass(x, mean, std, levels), exact, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_masses_sum_to_one(levels: int, dtype: torch.dtype) -> None:
    """C4, in float32 too."""
    mean = torch.tensor([-3.0, 0.0, 0.2, 0.5, 0.99, 1.0, 40.0], dtype=dtype)[:, None, None]
    std = torch.tensor([1e-4, 1e-3, 0.01, 0.3, 1.0, 10.0, 1e4], dtype=dtype)[:, None]
    mass = normal_log_cell_mass(level_values(levels, dtype), mean, std, levels).double().exp().sum(-1)
    torch.testing.assert_close(mass, torch.ones_like(mass), rtol=0, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_gradients_equal_finite_differences(levels: int) -> None:
    mean = torch.tensor([-0.2, 0.1, 0.501, 0.93], dtype=torch.float64)[:, None, None].requires_grad_()
    log_std = torch.tensor([-4.0, -2.0, 1.0], dtype=torch.float64)[:, None].requires_grad_()
    x = torch.tensor([0, levels // 2, levels - 1], dtype=torch.float64) / (levels - 1)
    assert torch.autograd.gradcheck(lambda m, s: normal_log_cell_mass(x, m, s.exp(), levels), (mean, log_std))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_extreme_parameters_give_finite_values_and_gradients(levels: int, dtype: torch.dtype) -> None:
    mean = torch.tensor([-1e2, 0.0, 0.5, 1.0, 1e2], dtype=dtype)[:, None, None].requires_grad_()
    std = torch.tensor([1e-4, 1e-3, 1.0, 1e3, 1e6], dtype=dtype)[:, None].requires_grad_()
    x = torch.tensor([0, levels // 2, levels - 1], dtype=dtype) / (levels - 1)
    mass = normal_log_cell_mass(x, mean, std, levels)
    gradients = torch.autograd.grad(mass.sum(), (mean, std))
    assert mass.isfinite().all()
    assert (mass <= 0).all()
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("distance", [10.0, 1e3, 1e5, 1e6])
def test_gradients_in_the_far_tail(distance: float) -> None:
    """There log Φ(−z) → −z²/2 − log z − ½ log 2π, whose slope in z is −z − 1/z."""
    std = 1e-3
    edge = 0.5 / 255
    mean = torch.tensor(edge + distance * std, dtype=torch.float64, requires_grad=True)
    mass = normal_log_cell_mass(mean.new_zeros(()), mean, mean.new_tensor(std), 256)
    (gradient,) = torch.autograd.grad(mass, mean)
    torch.testing.assert_close(gradient.item(), -(distance + 1 / distance) / std, rtol=1e-3, atol=0)


def test_type_of_the_result() -> None:
    x, std = torch.tensor([0.0, 0.5]), torch.tensor(0.1)
    assert normal_log_cell_mass(x, torch.tensor(0.5), std, 3).dtype == torch.float32
    assert normal_log_cell_mass(x.half(), torch.tensor(0.5).half(), std.half(), 3).dtype == torch.float32
    assert normal_log_cell_mass(x, torch.tensor(0.5).double(), std, 3).dtype == torch.float64


def test_float32_agrees_with_float64() -> None:
    x, mean, std = level_values(256, torch.float32), torch.tensor(0.3), torch.tensor(0.05)
    single = normal_log_cell_mass(x, mean, std, 256)
    double = normal_log_cell_mass(x.double(), mean.double(), std.double(), 256)
    torch.testing.assert_close(single, double.float(), rtol=1e-6, atol=0)


def test_small_cells_give_the_density_times_their_width() -> None:
    levels = 65536
    x, mean, std = level_values(levels, torch.float64)[1:-1], torch.tensor(0.4), torch.tensor(0.3)
    density = torch.distributions.Normal(mean.double(), std.double()).log_prob(x)
    mass = normal_log_cell_mass(x, mean, std, levels)
    width = torch.tensor(levels - 1.0, dtype=torch.float64)
    torch.testing.assert_close(mass, density - width.log(), rtol=0, atol=1e-8)
