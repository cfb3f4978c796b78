"""The InfoVAE."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def info_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    alpha: float = 0.5,
    scale: float = 100.0,
    kernel: Literal["marginal_rbf", "rbf", "imq"] = "rbf",
    warmup: float = 0.1,
    prior: PriorName = "standard",
) -> "Recipe":
    """The InfoVAE: less of the KL of each example, more on all codes together being those of the prior.

    Minimises E_q[−log p(x|z)] + (1 − α) KL(q(z|x) ‖ N(0, I)) + (α + λ − 1) MMD²(q(z), N(0, I)); α = 1 leaves the KL
    out (MMD-VAE), α = 0 and λ = 1 is the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        alpha: α ≤ 1; more lets z tell more of x.
        scale: λ, of the divergence between all codes and the prior, of which α + λ − 1 falls to the MMD.
        kernel: of the MMD: rbf or imq of the whole vector, or marginal_rbf of each dimension.
        warmup: fraction of training over which the weight of the KL rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Zhao et al. 2019, InfoVAE: balancing learning and inference in variational autoencoders,
    https://arxiv.org/abs/1706.02262, equation 6; the divergences by a critic or by Stein's method are left out
    """
    from vaekit.objectives import KL, MMD, NLL, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not (alpha <= 1 and alpha + scale >= 1):
        raise UserError(f"alpha is at most 1 and alpha + scale at least 1, got {alpha} and {scale}")
    objective = NLL() + (alpha + scale - 1) * MMD(kernel=kernel)
    if alpha < 1:
        objective = objective + Linear(1 - alpha, warmup) * KL()
    return Recipe(compose(spec, architecture), (objective,), prior=prior)
