import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal

from vaekit.core import Site, Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives import VIMCO, ScoreELBO, iwae_bound

BITS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
SAMPLES = 3


def bernoulli(logits: Tensor) -> Independent:
    return Independent(Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)


def enumerated(logits: Tensor, slope: Tensor) -> tuple[Trace, Tensor]:
    """The trace of every tuple of draws as a batch of 4ᴷ, and the tuples' probabilities."""
    places = torch.cartesian_prod(*[torch.arange(4)] * SAMPLES).T
    z = BITS[places]
    site = Site("z", z, bernoulli(torch.tensor([0.2, -0.4], dtype=torch.float64)), bernoulli(logits))
    mean = (z * slope).sum(-1, keepdim=True)
    seen = Independent(Normal(mean, 0.5, validate_args=False), 1, validate_args=False)
    trace = Trace(torch.full((places.shape[1], 1), 0.7, dtype=torch.float64), (site,), seen)
    return trace, site.log_q.sum(0).exp()


@pytest.mark.parametrize("term", [ScoreELBO(SAMPLES), VIMCO(SAMPLES)])
def test_the_gradient_is_that_of_the_bound_by_enumeration(term) -> None:
    """Of encoder and decoder alike: every tuple of draws once, weighted by its probability."""
    parameters = (
        torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True),
        torch.tensor([0.9, -0.3], dtype=torch.float64, requires_grad=True),
    )
    trace, probability = enumerated(*parameters)
    log_weight = trace.log_weight()
    bound = log_weight.mean(0) if isinstance(term, ScoreELBO) else iwae_bound(log_weight)
    exact = -(probability * bound).sum()
    expected = torch.autograd.grad(exact, parameters, retain_graph=True)
    surrogate = (probability.detach() * term(trace)).sum()
    torch.testing.assert_close(surrogate, exact)
    for found, right in zip(torch.autograd.grad(surrogate, parameters), expected, strict=True):
        torch.testing.assert_close(found, right)


@pytest.mark.parametrize("kind", [ScoreELBO, VIMCO])
def test_draws_with_a_slope_and_single_draws_are_refused(kind) -> None:
    with pytest.raises(UserError, match="samples must be at least 2, got 1"):
        kind(1)
    mean = torch.zeros(3, 2, requires_grad=True)
    q = Independent(Normal(mean, 1.0, validate_args=False), 1, validate_args=False)
    trace = Trace(torch.zeros(3, 2), (Site("z", q.rsample((2,)), q, q),), q)
    with pytest.raises(CapabilityError, match="those of site z have one"):
        kind(2)(trace)
