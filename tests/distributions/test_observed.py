"""Missing values cost nothing, have no gradient, and what does not factorise is refused."""

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, MultivariateNormal, Normal

from vaekit.distributions import (
    Categories,
    ContinuousBernoulli,
    DiscretisedLogistic,
    Laplace,
    Levels,
    LogNormal,
    Observed,
    Poisson,
    log_mass,
    observed_only,
)
from vaekit.errors import CapabilityError
from vaekit.noise import Noise, cut, draw

H = torch.tensor([[0.3, -0.2, 0.5]] * 4)
SEEN = torch.tensor([[True, False, True], [True, True, True], [False, False, False], [False, True, False]])
FAMILIES = {
    "normal": lambda h: Normal(h, 1.0, validate_args=False),
    "laplace": lambda h: Laplace(h, torch.tensor(0.7)),
    "bernoulli": lambda h: Bernoulli(logits=h, validate_args=False),
    "continuous Bernoulli": lambda h: ContinuousBernoulli(logits=h),
    "logistic": lambda h: DiscretisedLogistic(h, h - 1, 17),
    "levels": lambda h: Levels(torch.stack([h, -h, 2 * h], -1)),
    "categories": lambda h: Categories(torch.stack([h, -h, 2 * h], -1)),
    "poisson": lambda h: Poisson(h),
    "log-normal": lambda h: LogNormal(h, torch.tensor(0.5)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_log_p_is_the_sum_over_what_was_observed_and_only_that_has_a_gradient(family: str) -> None:
    h = H.clone().requires_grad_()
    base: Distribution = FAMILIES[family](h)
    x = torch.ones(4, 3)
    found = observed_only(Independent(base, 1, validate_args=False)).log_prob(x.masked_fill(~SEEN, torch.nan))
    expected = (base.log_prob(x) * SEEN).sum(-1)
    torch.testing.assert_close(found, expected)
    assert found[2] == 0
    found.sum().backward()
    assert h.grad is not None
    assert h.grad.isfinite().all()
    assert torch.equal(h.grad != 0, SEEN)


def test_masses_leave_out_what_is_missing_too() -> None:
    base = Independent(Normal(torch.rand(4, 3), 0.2, validate_args=False), 1)
    x = torch.full((4, 3), 0.5)
    whole = log_mass(base.base_dist, x, 17)
    found = log_mass(observed_only(base), x.masked_fill(~SEEN, torch.nan), 17)
    torch.testing.assert_close(found, (whole * SEEN).sum(-1))


def test_draws_and_moments_are_those_of_all_values() -> None:
    base = Independent(Normal(torch.zeros(4, 3), 2.0, validate_args=False), 1)
    p, noise = observed_only(base), Noise(0, (), cut(4, 2))
    assert torch.equal(draw(p, (5, 4), noise, "x"), draw(base, (5, 4), noise, "x"))
    assert torch.equal(p.mean, base.mean)
    assert torch.equal(p.variance, base.variance)
    assert p.expand(torch.Size((2, 4))).sample().shape == (2, 4, 3)
    assert observed_only(p) is p


@pytest.mark.parametrize(
    "distribution",
    [
        MultivariateNormal(torch.zeros(4, 3), torch.eye(3), validate_args=False),
        Independent(MultivariateNormal(torch.zeros(4, 2, 3), torch.eye(3), validate_args=False), 1),
    ],
)
def test_values_that_depend_on_each_other_are_refused(distribution: Distribution) -> None:
    with pytest.raises(
        CapabilityError, match="independent given z, and under a MultivariateNormal they are not"
    ):
        observed_only(distribution)


def test_a_distribution_without_gaps_is_unchanged() -> None:
    x: Tensor = torch.randn(4, 3)
    base = Normal(torch.zeros(4, 3), 1.0, validate_args=False)
    assert torch.equal(Observed(base).log_prob(x), base.log_prob(x))
