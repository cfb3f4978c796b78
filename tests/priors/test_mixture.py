import torch
from torch.distributions import MultivariateNormal

from vaekit.priors import GaussianMixturePrior, GaussianPrior

WEIGHTS = torch.tensor([0.2, 0.5, 0.3])
MEANS = torch.tensor([[-4.0, 0.0], [0.0, 4.0], [3.0, -3.0]])
TRILS = torch.tensor([[[0.5, 0.0], [0.3, 0.7]], [[1.0, 0.0], [0.0, 2.0]], [[1.5, 0.0], [-1.0, 0.2]]])


def test_the_density_is_the_weighted_sum_of_its_components(generator: torch.Generator) -> None:
    z = 3 * torch.randn(4, 5, 2, generator=generator)
    densities = [
        weight * MultivariateNormal(mean, scale_tril=tril, validate_args=False).log_prob(z).exp()
        for weight, mean, tril in zip(WEIGHTS, MEANS, TRILS, strict=True)
    ]
    expected = torch.stack(densities).sum(0).log()
    torch.testing.assert_close(GaussianMixturePrior(WEIGHTS, MEANS, TRILS)().log_prob(z), expected)


def test_mean_and_variance_are_those_of_a_mixture() -> None:
    """E z = Σ π μ, Var z = Σ π (σ² + μ²) − (E z)²."""
    prior = GaussianMixturePrior(WEIGHTS, MEANS, TRILS)()
    mean = WEIGHTS @ MEANS
    second = WEIGHTS @ (TRILS.square().sum(-1) + MEANS.square())
    torch.testing.assert_close(prior.mean, mean)
    torch.testing.assert_close(prior.variance, second - mean.square())


def test_one_component_is_a_gaussian(generator: torch.Generator) -> None:
    z = torch.randn(5, 2, generator=generator)
    mixture = GaussianMixturePrior(torch.ones(1), MEANS[:1], TRILS[:1])
    torch.testing.assert_close(mixture().log_prob(z), GaussianPrior(MEANS[0], TRILS[0])().log_prob(z))


def test_it_is_saved_but_not_trained() -> None:
    prior = GaussianMixturePrior(WEIGHTS, MEANS, TRILS)
    assert not list(prior.parameters())
    other = GaussianMixturePrior(torch.ones(3) / 3, torch.zeros(3, 2), torch.eye(2).expand(3, 2, 2))
    other.load_state_dict(prior.state_dict())
    torch.testing.assert_close(other().log_prob(MEANS), prior().log_prob(MEANS))
    assert prior().batch_shape == ()
