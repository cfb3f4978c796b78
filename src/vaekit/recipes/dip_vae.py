"""DIP-VAE: codes whose covariance is the identity."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.objectives import Term
    from vaekit.recipes.recipe import Recipe


def dip_vae_i(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    off_diagonal: float = 10.0,
    diagonal: float = 100.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The DIP-VAE I: posterior means that do not correlate, for latents that separate.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ N(0, I)) + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² with C = Cov_x[μ(x)].

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        off_diagonal: λ_od, weight of the squared covariances.
        diagonal: λ_d, weight of what the variances lack to 1.
        warmup: fraction of training over which the weight of the KL rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations,
    https://arxiv.org/abs/1711.00848, equation 6
    """
    from vaekit.objectives import CovariancePenalty

    return _with(spec, architecture, CovariancePenalty(off_diagonal, diagonal, "means"), warmup, prior)


def dip_vae_ii(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    off_diagonal: float = 10.0,
    diagonal: float = 10.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The DIP-VAE II: codes, means and noise together, with the covariance of the prior.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ N(0, I)) + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² with
    C = E_x[Σ(x)] + Cov_x[μ(x)].

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        off_diagonal: λ_od, weight of the squared covariances.
        diagonal: λ_d, weight of what the variances lack to 1.
        warmup: fraction of training over which the weight of the KL rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations,
    https://arxiv.org/abs/1711.00848, equation 7
    """
    from vaekit.objectives import CovariancePenalty

    return _with(spec, architecture, CovariancePenalty(off_diagonal, diagonal, "codes"), warmup, prior)


def _with(
    spec: DataSpec, architecture: Architecture, penalty: "Term", warmup: float, prior: PriorName
) -> "Recipe":
    from vaekit.objectives import KL, NLL, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    objective = NLL() + Linear(1.0, warmup) * KL() + penalty
    return Recipe(compose(spec, architecture), (objective,), prior=prior)
