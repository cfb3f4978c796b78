import pytest
import torch

from vaekit.bounded import softly_bounded
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.priors import StandardNormal

PRIOR = StandardNormal(3)()


def test_the_covariance_is_the_factor_times_its_transpose() -> None:
    posterior, features = FullCovarianceGaussian(5, 0, 3), torch.randn(4, 5)
    q = posterior(features, PRIOR, None)
    tril = q.scale_tril
    assert torch.equal(tril, tril.tril())
    assert (tril.diagonal(dim1=-2, dim2=-1) > 0).all()
    torch.testing.assert_close(q.covariance_matrix, tril @ tril.mT)
    torch.testing.assert_close(q.mean, posterior.mean(features))


def test_the_factor_holds_a_bounded_diagonal_and_free_numbers_below_it() -> None:
    posterior, features = FullCovarianceGaussian(5, 0, 3), torch.randn(4, 5)
    tril, out = posterior(features, PRIOR, None).scale_tril, posterior.factor(features)
    diagonal = tril.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(diagonal.log(), softly_bounded(out[:, :3]), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tril[:, [1, 2, 2], [0, 0, 1]], out[:, 3:])


def test_it_can_correlate_latents() -> None:
    covariance = FullCovarianceGaussian(5, 0, 3)(torch.randn(4, 5), PRIOR, None).covariance_matrix
    assert (covariance[:, 0, 1].abs() > 1e-6).all()


@pytest.mark.parametrize("lead", [(4,), (3, 4), (2, 3, 4)])
def test_a_state_gives_its_batch_shape(lead: tuple[int, ...]) -> None:
    posterior = FullCovarianceGaussian(5, 2, 3)
    features, state = torch.randn(4, 5), torch.randn(*lead, 2)
    q = posterior(features, PRIOR, state)
    assert q.batch_shape == lead
    last = tuple(-1 for _ in lead)
    alone = posterior(features[-1:], PRIOR, state[last][None])
    torch.testing.assert_close(q.covariance_matrix[last], alone.covariance_matrix[0])


def test_one_latent_has_a_variance_only() -> None:
    posterior = FullCovarianceGaussian(5, 0, 1)
    assert posterior(torch.randn(4, 5), StandardNormal(1)(), None).covariance_matrix.shape == (4, 1, 1)


def test_gradients_reach_every_parameter() -> None:
    posterior = FullCovarianceGaussian(5, 0, 3)
    q = posterior(torch.randn(4, 5), PRIOR, None)
    (q.covariance_matrix.square().sum() + q.mean.square().sum()).backward()
    for name, parameter in posterior.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).all(), name
