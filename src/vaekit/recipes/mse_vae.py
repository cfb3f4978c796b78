"""The model that most code on the web trains, its loss kept and its meaning spelled out."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def mse_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(net="conv", size="base", latents=128),  # noqa: B008 (frozen)
    *,
    weight: float = 0.00025,
    prior: PriorName = "standard",
) -> "Recipe":
    """Mean-squared error plus a small weight times the KL, shown with the σ² and β that it implies.

    Minimises ‖x − x̂‖²/D + w KL(q(z|x) ‖ N(0, I)) = w (−ELBO) + constant, for a Gaussian likelihood with
    σ² = wD/2 and an unbounded mean; Adam at 0.005, ExponentialLR 0.95.

    Args:
        spec: of the data.
        architecture: networks, latents, posterior; likelihood and sigma are fixed by the weight.
        weight: w, of the KL beside a mean over all D values.
        prior: standard as in the post, or fitted when training ends.

    Source: https://github.com/AntixK/PyTorch-VAE (VanillaVAE) as retold in the post; the scale: docs/the-scale.md
    """
    from vaekit.errors import UserError
    from vaekit.likelihoods import FixedScale, GaussianLikelihood
    from vaekit.objectives import KL, NLL
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Optimiser, Recipe

    if architecture.likelihood not in ("auto", "gaussian") or architecture.sigma != "solved":
        raise UserError("mse_vae fixes its likelihood by its weight; use --recipe vae to choose another one")
    if weight <= 0:
        raise UserError(f"the KL weight must be positive, got {weight}")
    variance = weight * spec.dimensions / 2
    likelihood = GaussianLikelihood(spec.shape, FixedScale(variance**0.5))
    return Recipe(
        compose(spec, architecture, likelihood=likelihood),
        (weight * NLL() + weight * KL(),),
        optimiser=Optimiser(lr=0.005, decay="exponential", gamma=0.95),
        prior=prior,
        notes=(
            f"mean-squared error + {weight:g} KL at D = {spec.dimensions} is the ELBO (beta = 1) of a Gaussian "
            f"with sigma^2 = wD/2 = {variance:.4g}; the data's own variance is {spec.variance:.4g}. "
            f"With sigma^2 solved at s it is beta = {variance:.4g}/s.",
        ),
    )
