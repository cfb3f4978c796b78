"""The β-VAE, with a weight on the KL or a capacity that it is held at."""

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


def beta_vae_capacity(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    capacity: float = 25.0,
    gamma: float = 100.0,
    over: float = 0.5,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The β-VAE with a capacity: the KL is held at a number of nats, which rises during training.

    Minimises E_q[−log p(x|z)] + γ |KL(q(z|x) ‖ N(0, I)) − C(t)|, with C(t) rising linearly to C.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        capacity: C, nats of each example.
        gamma: γ; it holds the KL where one more nat of it would save fewer than γ nats of distortion. Large pictures
            with a small σ take more, as the paper's 1000.
        over: fraction of training over which C(t) rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Burgess et al. 2018, Understanding disentangling in β-VAE, https://arxiv.org/abs/1804.03599, equation 8
    """
    from vaekit.objectives import NLL, Capacity
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    objective = NLL() + Capacity(gamma, capacity, over)
    return Recipe(compose(spec, architecture), (objective,), prior=prior)
