"""C2: off the principal axes the best diagonal posterior leaves a known gap, a full one none."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.noise import torch_seeded
from vaekit.objectives import KL, NLL
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.ppca import fit_ppca
from vaekit.recipes.closed_form import linear_layers
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.verification.check import Check, compare
from vaekit.verification.linear import (
    dense_log_evidence,
    gaussian_data,
    linear_vae,
    marginal_covariance,
    noise_for,
    rotation,
    set_affine,
    set_full_posterior,
    sigma_trace,
)

GATE = "C2"
EXACT = 1e-8
LATENTS = 3


def checks() -> list[Check]:
    """Run the row: gap = ½[Σ ln M_ii − ln det M], M = WᵀW + σ²I."""
    x = gaussian_data(100)
    solution = fit_ppca(x, LATENTS)
    weights = solution.weights @ rotation(LATENTS, torch.Generator().manual_seed(3))
    noise, mean = solution.noise, solution.mean
    precision = weights.T @ weights + noise * torch.eye(LATENTS, dtype=x.dtype)
    evidence = dense_log_evidence(x, mean, marginal_covariance(weights, noise))

    diagonal = linear_vae(x.shape[1], LATENTS)
    _set_model(diagonal, weights, mean, noise)
    _set_diagonal(diagonal, weights, mean, noise, precision)
    full = _full_vae(x.shape[1])
    _set_model(full, weights, mean, noise)
    _set_full(full, weights, mean, noise, precision)

    gap = (precision.diagonal().log().sum() - precision.logdet()) / 2
    slope = _posterior_slope(diagonal, x)
    every = full.trace(x, (5,), noise=noise_for(len(x), 3)).log_weight()
    return [
        compare(
            GATE, "log p(x) - ELBO of the best diagonal q", gap, evidence - elbo(diagonal, x), EXACT, "nats"
        ),
        compare(GATE, "no slope of the ELBO in that q", torch.zeros_like(slope), slope, EXACT),
        compare(GATE, "ELBO of a full-covariance q = log p(x)", evidence, elbo(full, x), EXACT, "nats"),
        compare(GATE, "log weight of every full-covariance draw = log p(x)", evidence, every, EXACT, "nats"),
    ]


def elbo(vae: VAE, x: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
    """The exact ELBO of a linear model, nats per example."""
    trace = sigma_trace(vae, x)
    return -(NLL()(trace) + KL()(trace))


def _full_vae(dimensions: int) -> VAE:
    with torch_seeded(4):
        recipe = build_recipe(
            "vae", DataSpec((dimensions,), None), net="linear", latents=LATENTS, posterior="full_covariance"
        )
    return recipe.model.double()


def _set_model(vae: VAE, weights: Tensor, mean: Tensor, noise: Tensor) -> None:
    """Set p(x | z) = N(Wz + m, σ² I)."""
    (decoder,) = [module for module in vae.decoder.modules() if isinstance(module, torch.nn.Linear)]
    set_affine(decoder, weights, mean)
    vae.likelihood.get_buffer("variance").copy_(noise)


@torch.no_grad()
def _set_diagonal(vae: VAE, weights: Tensor, mean: Tensor, noise: Tensor, precision: Tensor) -> None:
    """Set the diagonal q of least KL: the posterior's mean, and variances σ²/M_ii."""
    _, layer, posterior, _ = linear_layers(vae)
    gain = torch.linalg.solve(precision, weights.T)
    set_affine(layer, gain, -gain @ mean)
    if not isinstance(posterior.log_std, Parameter):
        raise TypeError("the posterior of a linear VAE shares one scale")
    posterior.log_std.copy_((noise / precision.diagonal()).log() / 2)


def _set_full(vae: VAE, weights: Tensor, mean: Tensor, noise: Tensor, precision: Tensor) -> None:
    """Set q to the posterior N(M⁻¹Wᵀ(x − m), σ² M⁻¹)."""
    posterior = vae.posteriors["z"]
    if not isinstance(posterior, FullCovarianceGaussian):
        raise TypeError("not a full-covariance posterior")
    gain = torch.linalg.solve(precision, weights.T)
    set_full_posterior(posterior, gain, -gain @ mean, noise * torch.linalg.inv(precision))


def _posterior_slope(vae: VAE, x: Float[Tensor, "N D"]) -> Float[Tensor, " P"]:
    parameters = tuple(vae.posteriors.parameters())
    slopes = torch.autograd.grad(elbo(vae, x).mean(), parameters)
    return torch.cat([slope.flatten() for slope in slopes])
