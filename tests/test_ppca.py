import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from vaekit.errors import UserError
from vaekit.ppca import PPCA, fit_ppca

D = 6


@pytest.fixture
def x(generator: torch.Generator) -> Tensor:
    mixing = torch.randn(D, D, generator=generator, dtype=torch.float64)
    return torch.randn(300, D, generator=generator, dtype=torch.float64) @ mixing + 2


def marginal(model: PPCA) -> MultivariateNormal:
    covariance = model.weights @ model.weights.T + model.noise * torch.eye(D, dtype=model.mean.dtype)
    return MultivariateNormal(model.mean, covariance_matrix=covariance, validate_args=False)


@pytest.mark.parametrize("latents", [1, 2, 5])
def test_evidence_is_that_of_the_dense_gaussian(x: Tensor, latents: int) -> None:
    model = fit_ppca(x, latents)
    torch.testing.assert_close(model.log_evidence(x), marginal(model).log_prob(x), rtol=1e-10, atol=1e-10)


def test_a_direction_below_the_noise_is_not_used(x: Tensor) -> None:
    directions = torch.linalg.qr(torch.randn(D, 3, dtype=torch.float64)).Q
    eigenvalues = torch.tensor([3.0, 1.0, 0.2], dtype=torch.float64)
    model = PPCA(x.mean(0), directions, eigenvalues, torch.tensor(0.5, dtype=torch.float64))
    assert (model.weights[:, 2] == 0).all()
    assert model.posterior_variance[2] == 1
    torch.testing.assert_close(model.log_evidence(x), marginal(model).log_prob(x))


def test_the_posterior_is_that_of_bayes(x: Tensor) -> None:
    """p(z | x) = N(M⁻¹ Wᵀ (x − m), σ² M⁻¹), M = Wᵀ W + σ² I (Tipping & Bishop 1999, equation 6)."""
    model = fit_ppca(x, 3)
    w, noise = model.weights, model.noise
    inverse = torch.linalg.inv(w.T @ w + noise * torch.eye(3, dtype=x.dtype))
    torch.testing.assert_close(model.posterior_weights, inverse @ w.T)
    torch.testing.assert_close(model.posterior_variance.diag(), noise * inverse, atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize("latents", [1, 3])
def test_the_noise_is_the_mean_of_the_discarded_eigenvalues(x: Tensor, latents: int) -> None:
    model = fit_ppca(x, latents)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    torch.testing.assert_close(model.noise, eigenvalues[latents:].mean())
    torch.testing.assert_close(model.eigenvalues, eigenvalues[:latents])
    torch.testing.assert_close(model.mean, x.mean(0))
    torch.testing.assert_close(
        model.directions.T @ model.directions, torch.eye(latents, dtype=x.dtype), atol=1e-12, rtol=0
    )


def test_the_fit_is_a_stationary_point_and_a_maximum_of_the_evidence(
    x: Tensor, generator: torch.Generator
) -> None:
    model = fit_ppca(x, 2)

    def evidence(mean: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
        covariance = weights @ weights.T + noise * torch.eye(D, dtype=x.dtype)
        return MultivariateNormal(mean, covariance_matrix=covariance, validate_args=False).log_prob(x).mean()

    fitted = tuple(part.clone().requires_grad_() for part in (model.mean, model.weights, model.noise))
    best = evidence(*fitted)
    for gradient in torch.autograd.grad(best, fitted):
        assert gradient.abs().max() < 1e-10
    for _ in range(20):
        near = [
            part * (1 + 0.05 * torch.randn(part.shape, generator=generator, dtype=x.dtype)) for part in fitted
        ]
        assert evidence(*near) < best


def test_added_variance_adds_to_every_eigenvalue(x: Tensor) -> None:
    plain, noisy = fit_ppca(x, 2), fit_ppca(x, 2, added_variance=0.25)
    torch.testing.assert_close(noisy.eigenvalues, plain.eigenvalues + 0.25)
    torch.testing.assert_close(noisy.noise, plain.noise + 0.25)


def test_single_precision_data_give_a_single_precision_model(x: Tensor) -> None:
    double, single = fit_ppca(x, 2), fit_ppca(x.float(), 2)
    assert single.weights.dtype == single.noise.dtype == torch.float32
    torch.testing.assert_close(
        single.log_evidence(x.float()).double(), double.log_evidence(x), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("latents", [-1, 0, D, D + 1])
def test_too_few_or_too_many_latents_are_refused(x: Tensor, latents: int) -> None:
    with pytest.raises(UserError, match=f"between 1 and {D - 1} latents.*got {latents}"):
        fit_ppca(x, latents)


def test_as_many_latents_as_examples_are_refused(x: Tensor) -> None:
    with pytest.raises(UserError, match="between 1 and 2 latents for 3 examples"):
        fit_ppca(x[:3], 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e3])
def test_data_without_noise_are_refused(generator: torch.Generator, dtype: torch.dtype, scale: float) -> None:
    flat = torch.randn(50, 2, generator=generator, dtype=dtype) @ torch.randn(2, D, generator=generator).to(
        dtype
    )
    with pytest.raises(UserError, match="lie in 2 dimensions exactly"):
        fit_ppca(scale * flat, 2)
