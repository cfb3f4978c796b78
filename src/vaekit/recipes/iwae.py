"""The importance-weighted autoencoder."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def iwae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 5,
    prior: PriorName = "standard",
) -> "Recipe":
    """The importance-weighted autoencoder: a tighter bound from K draws per example.

    Minimises −E log (1/K) Σ_k p(x, z_k) / q(z_k|x); K = 1 is the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws per example.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Burda et al. 2016, Importance weighted autoencoders, https://arxiv.org/abs/1509.00519, equation 8
    """
    from vaekit.objectives import IWAE
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    return Recipe(compose(spec, architecture), (as_objective(IWAE(samples)),), prior=prior)
