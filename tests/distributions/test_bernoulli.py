"""The log-mass by its logit against torch's, far into both tails."""

import torch
from torch.distributions import Bernoulli, Independent

from vaekit.distributions import LogitBernoulli


def test_log_mass_is_torchs() -> None:
    logits = torch.linspace(-60, 60, 241, dtype=torch.float64).reshape(1, -1).requires_grad_()
    x = torch.tensor([[0.0], [1.0], [0.25]], dtype=torch.float64)
    ours = LogitBernoulli(logits=logits, validate_args=False).log_prob(x)
    theirs = Bernoulli(logits=logits, validate_args=False).log_prob(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=5e-9)
    (slope,) = torch.autograd.grad(ours.sum(), logits)
    (expected,) = torch.autograd.grad(theirs.sum(), logits)
    torch.testing.assert_close(slope, expected, rtol=1e-12, atol=1e-8)


def test_it_is_expanded_and_summed_like_torchs() -> None:
    made = LogitBernoulli(logits=torch.tensor([-1.0, 2.0]), validate_args=False)
    assert isinstance(made.expand((3, 2)), LogitBernoulli)
    x = torch.ones(3, 2)
    torch.testing.assert_close(Independent(made.expand((3, 2)), 1).log_prob(x), made.log_prob(x).sum(-1))
