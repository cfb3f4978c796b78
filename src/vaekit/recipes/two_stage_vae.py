"""The two-stage VAE."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe

NOTE = (
    "the second VAE gives samples and no density: once it is fitted the model bounds no log p(x); "
    "vaekit fit-prior RUN --prior standard puts N(0, I) back, which does"
)


def two_stage_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    warmup: float = 0.1,
    prior_epochs: int | None = None,
) -> "Recipe":
    """The two-stage VAE: a second, small VAE learns the codes of the first when its training has ended.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ N(0, I)), then with x and all else held fixed
    E_q[−log p(z|u)] + KL(q(u|z) ‖ N(0, I)), u of as many dimensions as z.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior; σ is solved or learned, as the paper asks.
        warmup: fraction of training over which the weight of the KL rises from 0.
        prior_epochs: passes over the training set of the second VAE; default as many as make 4,000 steps.

    Source: Dai & Wipf 2019, Diagnosing and enhancing VAE models, https://arxiv.org/abs/1903.05789, section 4
    """
    from vaekit.objectives import KL, NLL, Constant, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not 0 <= warmup <= 1:
        raise UserError(f"warmup is a fraction of training between 0 and 1, got {warmup}")
    weight = Linear(1.0, warmup) if warmup else Constant(1.0)
    objective = NLL() + weight * KL()
    return Recipe(
        compose(spec, architecture),
        (objective,),
        prior="two_stage",
        prior_epochs=prior_epochs,
        notes=(NOTE,),
    )
