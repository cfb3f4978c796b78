import math

import pytest
import torch
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from vaekit.core import Site, Trace
from vaekit.errors import UserError
from vaekit.objectives import CovariancePenalty
from vaekit.objectives.covariance import covariance
from vaekit.priors import StandardNormal

D = 3


def value_of(term: CovariancePenalty, q: Distribution) -> float:
    batch = q.batch_shape[0]
    values = term(Trace(torch.zeros(batch, D), (Site("z", q.mean, StandardNormal(D)(), q),), q))
    assert values.shape == (batch,)
    assert (values == values[0]).all()
    return values[0].item()


def diagonal(means: torch.Tensor, deviations: torch.Tensor) -> Independent:
    return Independent(Normal(means, deviations, validate_args=False), 1, validate_args=False)


def test_the_covariance_is_torchs_with_one_over_the_batch(generator: torch.Generator) -> None:
    z = torch.randn(7, D, generator=generator)
    torch.testing.assert_close(covariance(z), torch.cov(z.T, correction=0))


@pytest.mark.parametrize("of", ["means", "codes"])
def test_the_penalty_is_its_formula(of, generator: torch.Generator) -> None:
    means, deviations = torch.randn(7, D, generator=generator), 0.2 + torch.rand(7, D, generator=generator)
    c = torch.cov(means.T, correction=0)
    if of == "codes":
        c = c + torch.diag(deviations.square().mean(0))  # variances, not their squares
    expected = 5.0 * sum(c[i, j] ** 2 for i in range(D) for j in range(D) if i != j)
    expected += 11.0 * sum((c[i, i] - 1) ** 2 for i in range(D))
    found = value_of(CovariancePenalty(5.0, 11.0, of), diagonal(means, deviations))
    assert found == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("of", ["means", "codes"])
def test_it_sees_neither_where_codes_are_nor_how_many(of, generator: torch.Generator) -> None:
    means, deviations = torch.randn(7, D, generator=generator), 0.2 + torch.rand(7, D, generator=generator)
    term = CovariancePenalty(5.0, 11.0, of)
    found = value_of(term, diagonal(means, deviations))
    shift = torch.tensor([3.0, -1.0, 0.5])
    assert value_of(term, diagonal(means + shift, deviations)) == pytest.approx(found, rel=1e-4)
    twice = diagonal(means.repeat(2, 1), deviations.repeat(2, 1))
    assert value_of(term, twice) == pytest.approx(found, rel=1e-5)


def test_the_covariance_of_codes_is_that_of_draws(generator: torch.Generator) -> None:
    """A full and a diagonal covariance; 40,000 draws of each example, 5 standard errors of a covariance."""
    means = torch.randn(4, D, generator=generator)
    factor = torch.randn(4, D, D, generator=generator).tril() + 2 * torch.eye(D)
    full = MultivariateNormal(means, scale_tril=factor, validate_args=False)
    for q in (full, diagonal(means, 0.5 + torch.rand(4, D, generator=generator))):
        z = q.sample((40_000,)).flatten(0, 1)
        c = torch.cov(z.T, correction=0)
        expected = (c - torch.eye(D)).square().sum().item()
        found = value_of(CovariancePenalty(1.0, 1.0, "codes"), q)
        slack = 5 * 2 * math.sqrt(expected) * c.diagonal().max().item() * D / math.sqrt(160_000)
        assert abs(found - expected) < slack + 1e-3
        assert slack < 0.2 * max(expected, 1)


def test_codes_of_the_prior_cost_nothing() -> None:
    q = diagonal(torch.zeros(5, D), torch.ones(5, D))
    assert value_of(CovariancePenalty(10.0, 10.0, "codes"), q) == 0
    assert value_of(CovariancePenalty(10.0, 10.0, "means"), q) == 30


def test_negative_weights_are_refused() -> None:
    with pytest.raises(UserError, match="at least 0"):
        CovariancePenalty(-1.0, 1.0)
    assert not CovariancePenalty(1.0, 1.0).per_example
