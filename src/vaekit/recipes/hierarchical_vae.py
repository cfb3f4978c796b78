"""A VAE with two stochastic layers, inferred from the top."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def hierarchical_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    top_latents: int | None = None,
    state: int = 64,
    beta: float = 1.0,
    warmup: float = 0.2,
    prior: PriorName = "gmm",
) -> "Recipe":
    """Two latent layers, top-down: p(z₂) p(z₁|z₂) p(x|z₁,z₂) with q(z₂|x) q(z₁|z₂,x).

    Minimises E_q[−log p(x|z)] + β [KL(q(z₂|x) ‖ p(z₂)) + E KL(q(z₁|z₂,x) ‖ p(z₁|z₂))].

    Args:
        spec: of the data.
        architecture: networks, latents of z₁, likelihood, posterior.
        top_latents: dimensions of z₂; default half of z₁'s.
        state: features of the top-down state between the layers.
        beta: β, weight of the KL.
        warmup: fraction of training over which β rises from 0, so that the top layer is not lost.
        prior: of z₂, fitted to its aggregate posterior when training ends; standard leaves N(0, I).

    Source: Sønderby et al. 2016, Ladder variational autoencoders, https://arxiv.org/abs/1602.02282, without
    the precision-weighted merge
    """
    from vaekit.latents import TopDown
    from vaekit.nets import MLP
    from vaekit.objectives import KL, NLL, Linear
    from vaekit.priors import ConditionalGaussian, StandardNormal
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    if state < 1 or not beta >= 0:
        raise UserError(f"state must be at least 1 and beta at least 0, got {state} and {beta}")
    d1 = latent_dimensions(spec, architecture.latents)
    d2 = latent_dimensions(spec, max(1, d1 // 2) if top_latents is None else top_latents)
    net = MLP(d2, (state,), state, activation="silu")
    latents = TopDown(d2, d1, StandardNormal(d2), net, state, ConditionalGaussian(state, d1))
    return Recipe(compose(spec, architecture, latents), (NLL() + Linear(beta, warmup) * KL(),), prior=prior)
