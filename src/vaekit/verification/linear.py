"""Linear Gaussian models, built by vaekit's recipes, and exact expectations under their posteriors."""

from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal
from torch.nn import Linear

from vaekit.bounded import HIGHEST, LOWEST
from vaekit.core import VAE, Site, Trace
from vaekit.noise import Noise, Shard, torch_seeded
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.ppca import PPCA
from vaekit.recipes.closed_form import load_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPECTRUM = (9.0, 4.0, 2.0, 1.0, 0.5, 0.4, 0.3, 0.2)
"""Variances of the data along their axes: three stand out."""


def noise_for(batch: int, key: int) -> Noise:
    """A fixed source of draws for a batch."""
    return Noise(20, (key,), (Shard(0, batch),))


def gaussian_data(examples: int, spectrum: tuple[float, ...] = SPECTRUM) -> Float[Tensor, "N D"]:
    """Gaussian examples in float64 with about this spectrum, along random axes and off the origin."""
    generator = torch.Generator().manual_seed(1)
    dimensions = len(spectrum)
    draws = torch.randn(examples, dimensions, generator=generator, dtype=torch.float64)
    axes = rotation(dimensions, generator)
    offset = torch.randn(dimensions, generator=generator, dtype=torch.float64)
    return draws * torch.tensor(spectrum, dtype=torch.float64).sqrt() @ axes.T + offset


def rotation(dimensions: int, generator: torch.Generator) -> Float[Tensor, "d d"]:
    """A random orthogonal matrix in float64."""
    draws = torch.randn(dimensions, dimensions, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(draws).Q


def linear_vae(dimensions: int, latents: int, seed: int = 0) -> VAE:
    """The recipe `linear_vae` in float64, at its random start."""
    with torch_seeded(seed):
        return build_recipe("linear_vae", DataSpec((dimensions,), None), latents=latents).model.double()


def optimal_linear_vae(solution: PPCA) -> VAE:
    """The recipe `linear_vae` in float64 with the parameters of a PPCA model."""
    vae = linear_vae(*solution.directions.shape)
    load_ppca(vae, solution)
    return vae


def dense_log_evidence(
    x: Float[Tensor, "N D"], mean: Float[Tensor, " D"], covariance: Float[Tensor, "D D"]
) -> Float[Tensor, " N"]:
    """log N(x; mean, covariance) by torch's own density, nats."""
    return MultivariateNormal(mean, covariance, validate_args=False).log_prob(x)


def marginal_covariance(weights: Float[Tensor, "D d"], noise: Float[Tensor, ""]) -> Float[Tensor, "D D"]:
    """W Wᵀ + σ² I."""
    return weights @ weights.T + noise * torch.eye(weights.shape[0], dtype=weights.dtype)


def sigma_trace(vae: VAE, x: Float[Tensor, "N D"]) -> Trace:
    """A trace of one site at z = μ ± √d L e_j, whose mean over the 2d points is exact for quadratics.

    log p(x | z) of a linear Gaussian model is quadratic in z: on this trace the ordinary terms are their
    own expectations, without any Monte Carlo.

    Source: Julier & Uhlmann 1997, A new extension of the Kalman filter, section 3.1, κ = 0.
    """
    features = vae.encoder(x)
    sites: list[Site] = []

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        q = cast(Distribution, vae.posteriors[name](features, prior, state))
        factor = q.scale_tril if isinstance(q, MultivariateNormal) else q.stddev.diag_embed()
        step = factor.shape[-1] ** 0.5 * factor.movedim(-1, 0)
        z = torch.cat([q.mean + step, q.mean - step])
        sites.append(Site(name, z, prior, q))
        return z

    (latents,) = vae.latents.sites.values()
    likelihood = vae.walk(choose, (2 * latents, x.shape[0]))
    return Trace(x, tuple(sites), likelihood)


def trace_at(vae: VAE, x: Tensor, values: Mapping[str, Tensor]) -> Trace:
    """The trace of x whose latent values are given, (*S, B, d) for each site."""
    features = vae.encoder(x)
    sites: list[Site] = []

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        q = cast(Distribution, vae.posteriors[name](features, prior, state))
        sites.append(Site(name, values[name], prior, q))
        return values[name]

    first = next(iter(values.values()))
    likelihood = vae.walk(choose, tuple(first.shape[:-1]))
    return Trace(x, tuple(sites), likelihood)


@torch.no_grad()
def set_affine(layer: Linear, weight: Tensor, bias: Tensor) -> None:
    """Set a layer to x ↦ weight x + bias."""
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)


def set_full_posterior(
    posterior: FullCovarianceGaussian,
    weight: Float[Tensor, "d F"],
    bias: Float[Tensor, " d"],
    covariance: Float[Tensor, "d d"],
) -> None:
    """Make q(z | h) = N(weight h + bias, covariance) for every h."""
    factor = torch.linalg.cholesky(covariance)
    set_affine(posterior.mean, weight, bias)
    diagonal = unbounded(factor.diagonal().log())
    set_constant(posterior.factor, torch.cat([diagonal, factor[posterior.rows, posterior.columns]]))


def set_constant(layer: Linear, value: Tensor) -> None:
    """Make a layer's output the same for every input."""
    set_affine(layer, torch.zeros_like(layer.weight), value)


def unbounded(log_std: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The inverse of `softly_bounded`: what a network must put out for this log σ.

    Example:
        >>> from vaekit.bounded import softly_bounded
        >>> round(softly_bounded(unbounded(torch.tensor([-0.7], dtype=torch.float64))).item(), 12)
        -0.7
    """
    return HIGHEST - _inverse_softplus(HIGHEST - LOWEST - _inverse_softplus(log_std - LOWEST))


def _inverse_softplus(y: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    return y + (-(-y).expm1()).log()
