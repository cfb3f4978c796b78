"""The β-VAE."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Architecture, PriorName
from vaekit.recipes.vae import vae
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def beta_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    beta: float = 4.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The β-VAE: a heavier KL for latents that separate.

    Minimises E_q[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)); β = 1 is the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        beta: β > 1, weight of the KL.
        warmup: fraction of training over which β rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Higgins et al. 2017, β-VAE, https://openreview.net/forum?id=Sy2fzU9gl, equation 4
    """
    return vae(spec, architecture, beta=beta, warmup=warmup, prior=prior)
