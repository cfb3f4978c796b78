import mpmath
import pytest
import torch

from vaekit.distributions import log1mexp


@pytest.mark.parametrize("d", [1e-12, 1e-4, 0.1, 0.7, 3.0, 30.0, 800.0])
def test_log1mexp_agrees_with_fifty_digits(d: float) -> None:
    with mpmath.workdps(50):
        exact = float(mpmath.log(1 - mpmath.exp(-mpmath.mpf(d))))
    computed = log1mexp(torch.tensor(d, dtype=torch.float64))
    torch.testing.assert_close(computed.item(), exact, rtol=1e-14, atol=2e-16)


def test_log1mexp_has_finite_gradients_at_both_ends() -> None:
    d = torch.tensor([1e-30, 1e-8, 1.0, 1e4], dtype=torch.float32, requires_grad=True)
    (gradient,) = torch.autograd.grad(log1mexp(d).sum(), d)
    assert gradient.isfinite().all()
