"""The δ-VAE."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Observed
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def delta_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    rate: float = 3.0,
    warmup: float = 0.1,
) -> "Recipe":
    """The δ-VAE: a prior over neighbouring latents that no posterior can equal, so that the KL never falls to 0.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z)) with p(z) the autoregression z_j = a z_{j−1} + √(1 − a²) ε_j, to
    which every diagonal Gaussian q has a KL of at least δ = ½[(d − 2) ln(1 + a²) − ln(1 − a²)].

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood; the posterior is diagonal.
        rate: δ, nats that the KL is at least, whether z is used or not; a follows from it.
        warmup: fraction of training over which the weight of the KL rises from 0.

    Source: Razavi et al. 2019, Preventing posterior collapse with δ-VAEs, https://arxiv.org/abs/1901.03416,
    section 2.2, with one channel whose time is the latent dimension; the anti-causal encoder and the prior
    that is fitted in a second stage are left out
    """
    from vaekit.latents import Flat
    from vaekit.objectives import KL, NLL, Linear
    from vaekit.priors import committed_prior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    d = latent_dimensions(spec, architecture.latents)
    model = compose(spec, architecture, Flat(d, committed_prior(d, rate)))
    return Recipe(model, (NLL() + Linear(1.0, warmup) * KL(),), prior="standard")
