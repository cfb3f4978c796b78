"""VIMCO by enumeration: every tuple of draws once, weighted by its probability, so that nothing is left to chance."""

import pytest
import torch
from torch import Tensor

from vaekit.errors import UserError
from vaekit.estimators import vimco, without_each
from vaekit.objectives import iwae_bound

LOGITS = torch.tensor([0.4, -0.3, 1.1], dtype=torch.float64)
LOG_JOINT = torch.tensor([-1.0, -4.0, 0.5], dtype=torch.float64)


def enumerated(count: int, logits: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """log w and log q of every tuple of draws, (K, 3ᴷ), and its probability; log p(x, z) has a parameter."""
    z = torch.cartesian_prod(*[torch.arange(3)] * count).reshape(-1, count).T
    log_q = logits.log_softmax(0)[z]
    return scale * LOG_JOINT[z] - log_q, log_q, log_q.sum(0).exp()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_gradient_is_that_of_the_bound(count: int) -> None:
    logits, scale = LOGITS.clone().requires_grad_(), torch.tensor(0.8, dtype=torch.float64).requires_grad_()
    log_weight, _, probability = enumerated(count, logits, scale)
    exact = (probability * iwae_bound(log_weight)).sum()
    expected = torch.autograd.grad(exact, (logits, scale))
    log_weight, log_q, probability = enumerated(count, logits, scale)
    surrogate = (probability.detach() * vimco(log_weight, log_q)).sum()
    torch.testing.assert_close(surrogate, exact)
    for found, right in zip(torch.autograd.grad(surrogate, (logits, scale)), expected, strict=True):
        torch.testing.assert_close(found, right)


def test_two_draws_stand_in_for_each_other() -> None:
    """With K = 2 the geometric mean of the others is the other weight: L̂_{−k} is its logarithm."""
    log_weight = torch.randn(2, 7, dtype=torch.float64)
    torch.testing.assert_close(without_each(log_weight), log_weight.flip(0))


def test_the_signal_of_a_draw_does_not_depend_on_it() -> None:
    log_weight = torch.randn(4, 6, dtype=torch.float64)
    other = log_weight.clone()
    other[2] = 50.0
    torch.testing.assert_close(without_each(log_weight)[2], without_each(other)[2])


def test_weights_of_thousands_of_nats_stay_finite() -> None:
    log_weight = torch.tensor([[-3000.0], [-5000.0], [-2999.0]])
    log_q = torch.zeros(3, 1, requires_grad=True)
    vimco(log_weight, log_q).sum().backward()
    assert log_q.grad is not None
    assert log_q.grad.isfinite().all()


def test_one_draw_has_no_others() -> None:
    with pytest.raises(UserError, match="at least two; ask for more samples"):
        vimco(torch.zeros(1, 4), torch.zeros(1, 4))
