"""Wasserstein autoencoders: points whose cloud is drawn to the prior."""

from functools import partial
from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError
from vaekit.recipes.options import Networks, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.objectives import Term
    from vaekit.recipes.recipe import Recipe


def wae_mmd(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    weight: float = 100.0,
    kernel: Literal["rbf", "imq"] = "imq",
    prior: PriorName = "standard",
) -> "Recipe":
    """The Wasserstein autoencoder with an MMD: codes that are points, and together those of N(0, I).

    Minimises ‖x − g(f(x))‖² + λ MMD²(q(z), N(0, I)), q(z) the distribution of all codes z = f(x).

    Args:
        spec: of the data.
        networks: networks and latents.
        weight: λ, of the MMD, in squared units of x; more for examples with more values.
        kernel: imq, the inverse multiquadric with its heavy tails, or rbf.
        prior: fitted to the codes when training ends; standard leaves N(0, I).

    Source: Tolstikhin et al. 2018, Wasserstein auto-encoders, https://arxiv.org/abs/1711.01558, equation 4 and
    algorithm 2; the expectations under the prior are exact instead of draws
    """
    from vaekit.objectives import MMD

    return _with(spec, networks, weight, MMD(kernel=kernel), prior)


def swae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    weight: float = 100.0,
    directions: int = 1,
    prior: PriorName = "standard",
) -> "Recipe":
    """The sliced Wasserstein autoencoder: codes that are those of N(0, I) along every line.

    Minimises ‖x − g(f(x))‖² + λ E_θ W₂²(θᵀq(z), θᵀN(0, I)) over random directions θ.

    Args:
        spec: of the data.
        networks: networks and latents.
        weight: λ, of the distance; more for examples with more values.
        directions: how many for each example of a batch, drawn anew at every step.
        prior: fitted to the codes when training ends; standard leaves N(0, I).

    Source: Kolouri et al. 2018, Sliced-Wasserstein autoencoder, https://arxiv.org/abs/1804.01947, algorithm 1; the
    quantiles of the prior are exact instead of those of draws, and x is compared by its square alone
    """
    from vaekit.objectives import SlicedWasserstein

    return _with(spec, networks, weight, SlicedWasserstein(directions), prior)


def _with(spec: DataSpec, networks: Networks, weight: float, distance: "Term", prior: PriorName) -> "Recipe":
    from vaekit.objectives import SquaredError
    from vaekit.recipes.compose import compose_points, prior_of
    from vaekit.recipes.recipe import Recipe

    if not weight >= 0:
        raise UserError(f"the weight of the distance to the prior must be at least 0, got {weight}")
    model = compose_points(spec, networks, partial(prior_of, spec))
    return Recipe(model, (SquaredError() + weight * distance,), prior=prior)
