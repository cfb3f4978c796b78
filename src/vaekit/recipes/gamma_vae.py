"""Positive latents."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Observed, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def gamma_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    concentration: float = 0.3,
    rate: float = 0.3,
    prior: PriorName = "standard",
) -> "Recipe":
    """A VAE whose latents are positive, with a Gamma posterior that is followed by implicit gradients.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z)), q(z|x) = Π_j Gamma(α_j(x), β_j(x)), p(z) = Π_j Gamma(α₀, β₀).

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood.
        concentration: α₀ of the prior, at least 0.2; below 1 it is sparse, most latents are near 0.
        rate: β₀ of the prior.
        prior: fitted to the aggregate posterior when training ends; standard leaves p(z).

    Source: Figurnov et al. 2018, Implicit reparameterization gradients, https://arxiv.org/abs/1805.08498, equation 6
    and section 6.3
    """
    from vaekit.latents import Flat
    from vaekit.objectives import KL, NLL
    from vaekit.posteriors import GammaPosterior
    from vaekit.priors import GammaPrior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    d = latent_dimensions(spec, architecture.latents)
    latents = Flat(d, GammaPrior(d, concentration, rate))
    model = compose(spec, architecture, latents, posterior=lambda site, *sizes: GammaPosterior(*sizes))
    return Recipe(model, (NLL() + KL(),), prior=prior)
