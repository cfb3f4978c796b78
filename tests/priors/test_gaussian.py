import math

import torch
from torch import Tensor

from vaekit.priors import GaussianPrior, StandardNormal


def test_the_standard_normal_written_out(generator: torch.Generator) -> None:
    z = torch.randn(4, 5, 3, generator=generator)
    expected = -0.5 * z.square().sum(-1) - 1.5 * math.log(2 * math.pi)
    torch.testing.assert_close(StandardNormal(3)().log_prob(z), expected)
    assert StandardNormal(3)().batch_shape == ()


def test_the_standard_normal_has_nothing_to_learn_or_to_save() -> None:
    prior = StandardNormal(3)
    assert not list(prior.parameters())
    assert not prior.state_dict()


def test_the_standard_normal_follows_the_model_s_type() -> None:
    assert StandardNormal(3).double()().mean.dtype == torch.float64


def fitted() -> tuple[GaussianPrior, Tensor, Tensor]:
    mean = torch.tensor([1.0, -2.0])
    tril = torch.tensor([[1.5, 0.0], [0.5, 0.7]])
    return GaussianPrior(mean, tril), mean, tril


def test_the_fitted_gaussian_written_out(generator: torch.Generator) -> None:
    prior, mean, tril = fitted()
    z = torch.randn(5, 2, generator=generator)
    covariance = tril @ tril.T
    centred = z - mean
    quadratic = (centred @ torch.linalg.inv(covariance) * centred).sum(-1)
    expected = -0.5 * (quadratic + covariance.logdet()) - math.log(2 * math.pi)
    torch.testing.assert_close(prior().log_prob(z), expected)
    torch.testing.assert_close(prior().covariance_matrix, covariance)


def test_the_fitted_gaussian_is_saved_but_not_trained() -> None:
    prior, mean, _ = fitted()
    assert not list(prior.parameters())
    other = GaussianPrior(torch.zeros(2), torch.eye(2))
    other.load_state_dict(prior.state_dict())
    torch.testing.assert_close(other().mean, mean)
    torch.testing.assert_close(other().covariance_matrix, prior().covariance_matrix)
