"""A VAE whose prior is a normalising flow."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, FlowName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def flow_prior(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    flow: FlowName = "maf",
    transforms: int = 4,
    flow_width: int = 64,
    warmup: float = 0.1,
) -> "Recipe":
    """A VAE whose prior is a normalising flow, trained with it.

    Minimises E_q[−log p(x|z) + log q(z|x) − log p(z)] with log p(z) = log N(f(z); 0, I) + log |det df/dz|, in one
    draw, f autoregressive.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        flow: maf (one pass for a density, d passes for a draw), spline (likewise, monotonic splines) or iaf (the
            other way round: training is slow).
        transforms: how many, one after another, in alternating orders.
        flow_width: of both hidden layers of each.
        warmup: fraction of training over which the weight of the rate rises from 0.

    Source: Papamakarios et al. 2017, Masked autoregressive flow for density estimation,
    https://arxiv.org/abs/1705.07057, equations 4–7; as a prior: Chen et al. 2017, Variational lossy autoencoder,
    https://arxiv.org/abs/1611.02731, section 3.2
    """
    from vaekit.latents import Flat
    from vaekit.objectives import KL, NLL, Constant, Linear
    from vaekit.priors import FlowPrior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    if not 0 <= warmup <= 1:
        raise UserError(f"warmup is a fraction of training between 0 and 1, got {warmup}")
    d = latent_dimensions(spec, architecture.latents)
    model = compose(spec, architecture, Flat(d, FlowPrior(d, flow, transforms, flow_width)))
    weight = Linear(1.0, warmup) if warmup else Constant(1.0)
    return Recipe(model, (NLL() + weight * KL(),))
