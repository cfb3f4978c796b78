"""The β-TCVAE."""

from typing import TYPE_CHECKING, Literal

from vaekit.recipes.options import Observed, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def beta_tcvae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    beta: float = 6.0,
    alpha: float = 1.0,
    gamma: float = 1.0,
    estimator: Literal["stratified", "weighted"] = "stratified",
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The β-TCVAE: a heavier weight on what the latents share, and on nothing else of the KL.

    Minimises E_q[−log p(x|z)] + α I(x; z) + β KL(q(z) ‖ Π_j q(z_j)) + γ Σ_j KL(q(z_j) ‖ p(z_j)); with
    α = β = γ = 1 it is the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood; the posterior is diagonal.
        beta: β, weight of the total correlation.
        alpha: α, weight of the mutual information of x and z.
        gamma: γ, weight of each dimension's own distance to the prior.
        estimator: of log q(z) from a batch: stratified is unbiased for q(z), weighted is the paper's equation 10.
        warmup: fraction of training over which the three weights rise from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Chen et al. 2018, Isolating sources of disentanglement in variational autoencoders,
    https://arxiv.org/abs/1802.04942, equations 2 and 4; their stratified weights are made symmetric
    """
    from vaekit.objectives import NLL, DecomposedKL, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    parts = DecomposedKL(alpha, beta, gamma, spec.examples, estimator)
    return Recipe(compose(spec, architecture), (NLL() + Linear(1.0, warmup) * parts,), prior=prior)
