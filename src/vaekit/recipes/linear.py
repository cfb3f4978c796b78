"""The linear VAE, and probabilistic PCA, its optimum in closed form."""

from typing import TYPE_CHECKING

from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def linear_vae(spec: DataSpec, *, latents: int | None = None) -> "Recipe":
    """A VAE with linear networks and one posterior covariance for all x: trained, it becomes PPCA.

    p(x|z) = N(Wz + m, σ² I) with σ² solved; q(z|x) = N(Vx + c, diag s²).

    Args:
        spec: of the data; levels are treated as numbers in [0, 1].
        latents: dimensions of z.

    Source: Lucas et al. 2019, Don't blame the ELBO!, https://arxiv.org/abs/1911.02469, section 4
    """
    from vaekit.latents import Flat
    from vaekit.likelihoods import SolvedGaussian
    from vaekit.nets import NetOptions, build_decoder, build_encoder
    from vaekit.objectives import KL, NLL
    from vaekit.posteriors import DiagonalGaussian
    from vaekit.priors import StandardNormal
    from vaekit.recipes.compose import latent_dimensions
    from vaekit.recipes.recipe import VAE, Optimiser, Recipe

    d = latent_dimensions(spec, latents)
    options = NetOptions(net="linear")
    encoder = build_encoder(options, spec.shape)
    model = VAE(
        encoder,
        {"z": DiagonalGaussian(encoder.out_features, 0, d, scale="shared")},
        Flat(d, StandardNormal(d)),
        build_decoder(options, d, spec.shape),
        SolvedGaussian(spec),
        spec.shape,
    )
    return Recipe(model, (NLL() + KL(),), Optimiser(lr=3e-3))


def ppca(spec: DataSpec, *, latents: int | None = None) -> "Recipe":
    """Probabilistic PCA by its closed form: the ELBO of this model is its exact log-evidence.

    W = U (Λ − σ²)^½, σ² the mean of the discarded eigenvalues; nothing is trained.

    Args:
        spec: of the data; levels are treated as numbers in [0, 1].
        latents: dimensions of z.

    Source: Tipping & Bishop 1999, Probabilistic principal component analysis, equations 7–8
    """
    from dataclasses import replace

    from vaekit.recipes.closed_form import set_to_ppca

    return replace(linear_vae(spec, latents=latents), closed_form=set_to_ppca)
