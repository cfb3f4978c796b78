import pytest
import torch
from torch.distributions import Bernoulli, Distribution, Independent, Laplace, MultivariateNormal, Normal

from vaekit.distributions import (
    ContinuousBernoulli,
    DiscretisedLogistic,
    DiscretisedLogisticMixture,
    level_values,
    log_mass,
    log_prob_per_dim,
    normal_log_cell_mass,
)
from vaekit.errors import CapabilityError, UserError

LEVELS = 17


def bases(*batch: int) -> list[Distribution]:
    generator = torch.Generator().manual_seed(3)
    mean = torch.rand(*batch, generator=generator)
    return [
        Normal(mean, 0.1, validate_args=False),
        ContinuousBernoulli(mean.logit()),
        DiscretisedLogistic(mean, torch.tensor(-3.0), LEVELS),
        DiscretisedLogisticMixture(
            torch.zeros(2), torch.stack([mean, 1 - mean], -1), torch.tensor(-3.0), LEVELS
        ),
    ]


def name(distribution: Distribution) -> str:
    return type(distribution).__name__


@pytest.mark.parametrize("base", bases(5, 1), ids=name)
def test_masses_of_all_levels_sum_to_one(base: Distribution) -> None:
    """C4 through the public door."""
    mass = log_mass(base, level_values(LEVELS, torch.float32).expand(5, LEVELS), LEVELS).double().exp()
    torch.testing.assert_close(mass.sum(-1), torch.ones(5).double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("base", bases(5, 2, 3), ids=name)
def test_independent_sums_over_the_event(base: Distribution) -> None:
    x = torch.randint(LEVELS, (5, 2, 3)) / (LEVELS - 1)
    pixelwise = log_mass(base, x, LEVELS)
    assert pixelwise.shape == (5, 2, 3)
    for dimensions in range(4):
        whole = log_mass(Independent(base, dimensions, validate_args=False), x, LEVELS)
        assert whole.shape == (5, 2, 3)[: 3 - dimensions]
        torch.testing.assert_close(whole, pixelwise.reshape(*whole.shape, -1).sum(-1))
    nested = Independent(Independent(base, 1, validate_args=False), 1, validate_args=False)
    torch.testing.assert_close(log_mass(nested, x, LEVELS), pixelwise.sum((1, 2)))


def test_samples_broadcast_against_one_example() -> None:
    """Shape (*S, B): the likelihood has a sample axis that the data lack."""
    likelihood = Independent(Normal(torch.rand(7, 5, 3), 0.1, validate_args=False), 1)
    assert log_mass(likelihood, torch.zeros(5, 3), LEVELS).shape == (7, 5)


def test_normal_uses_its_own_location_and_scale() -> None:
    x, mean, std = torch.tensor([0.0, 0.5, 1.0]), torch.tensor(0.4), torch.tensor(0.2)
    expected = normal_log_cell_mass(x, mean, std, 3)
    assert torch.equal(log_mass(Normal(mean, std, validate_args=False), x, 3), expected)


def test_bernoulli_needs_two_levels() -> None:
    pixels = Independent(Bernoulli(logits=torch.tensor([0.3, -2.0]), validate_args=False), 1)
    x = torch.tensor([1.0, 0.0])
    torch.testing.assert_close(log_mass(pixels, x, 2), pixels.log_prob(x))
    sentence = "^Bernoulli has two levels, the data have 256: binarise or use another likelihood$"
    with pytest.raises(CapabilityError, match=sentence):
        log_mass(pixels, x, 256)


@pytest.mark.parametrize("base", bases(2)[2:], ids=name)
def test_levels_of_likelihood_and_data_must_agree(base: Distribution) -> None:
    with pytest.raises(UserError, match="was built for 17 levels, the data have 256"):
        log_mass(base, torch.zeros(2), 256)


def test_other_distributions_are_refused() -> None:
    laplace = Independent(Laplace(torch.zeros(3), 1.0, validate_args=False), 1)
    with pytest.raises(CapabilityError, match="Laplace has no exact mass per cell"):
        log_mass(laplace, torch.zeros(3), 256)


@pytest.mark.parametrize("base", bases(5, 2, 3), ids=name)
def test_log_prob_per_dim_is_what_independent_sums(base: Distribution) -> None:
    x = torch.randint(LEVELS, (5, 2, 3)) / (LEVELS - 1)
    for wrapped in (
        Independent(base, 2, validate_args=False),
        Independent(Independent(base, 1, validate_args=False), 1, validate_args=False),
    ):
        per_dim = log_prob_per_dim(wrapped, x)
        assert per_dim.shape == (5, 2, 3)
        torch.testing.assert_close(per_dim.sum((1, 2)), wrapped.log_prob(x))


def test_log_prob_per_dim_refuses_dependent_dimensions() -> None:
    joint = MultivariateNormal(torch.zeros(3), scale_tril=torch.eye(3), validate_args=False)
    with pytest.raises(CapabilityError, match="MultivariateNormal has no log-density per dimension"):
        log_prob_per_dim(joint, torch.zeros(3))
