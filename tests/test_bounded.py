import pytest
import torch

from vaekit.bounded import HIGHEST, LOWEST, softly_bounded

BOUNDS = [(LOWEST, HIGHEST), (-7.0, 2.0)]


@pytest.mark.parametrize(("low", "high"), BOUNDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_stay_within_the_bounds_however_large_the_input(low, high, dtype) -> None:
    """Above, the softness adds ln(1 + e^{low−high}) at most."""
    x = torch.tensor([-1e30, -1e6, -100.0, 0.0, 100.0, 1e6, 1e30], dtype=dtype)
    y = softly_bounded(x, low, high)
    assert y.dtype == dtype
    assert (y >= low).all()
    assert (y <= high + 1.3e-4).all()


@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_larger_in_gives_larger_out(low, high) -> None:
    x = torch.linspace(low - 10, high + 10, 500, dtype=torch.float64)
    assert (softly_bounded(x, low, high).diff() > 0).all()


def test_it_is_nearly_the_identity_well_inside() -> None:
    x = torch.linspace(LOWEST + 3.5, HIGHEST - 3.5, 100)
    assert (softly_bounded(x) - x).abs().max() < 0.04


@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_gradients_are_finite_everywhere_and_alive_near_the_bounds(low, high) -> None:
    x = torch.tensor([-1e30, -1e3, low - 5, low, 0, high, high + 5, 1e3, 1e30]).requires_grad_()
    (gradient,) = torch.autograd.grad(softly_bounded(x, low, high).sum(), x)
    assert gradient.isfinite().all()
    assert ((gradient >= 0) & (gradient <= 1)).all()
    assert (gradient[2:7] > 1e-3).all()


def test_the_gradient_agrees_with_finite_differences() -> None:
    x = torch.linspace(-12, 8, 21, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(softly_bounded, (x,))
