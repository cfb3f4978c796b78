"""The variational autoencoder."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.recipes.start import standardise_codes
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    beta: float = 1.0,
    warmup: float = 0.1,
    cycles: int = 1,
    free_bits: float = 0.0,
    kl: Literal["closed_form", "monte_carlo", "sticking_the_landing"] = "closed_form",
    standardise: bool = False,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The variational autoencoder, with σ solved and a prior fitted when training ends.

    Minimises E_q[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)).

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        cycles: more than 1: β rises anew so many times, each over half a cycle, and warmup does nothing
            (Fu et al. 2019).
        free_bits: nats that each latent dimension may cost for nothing (Kingma et al. 2016).
        kl: estimator of the KL; monte_carlo averages log q(z|x) − log p(z), and sticking_the_landing does so with
            a gradient that goes through z alone (Roeder et al. 2017).
        standardise: let codes start with deviation 1 over the data and σ = 0.3, which shortens a slow start.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, https://arxiv.org/abs/1312.6114
    """
    from vaekit.objectives import KL, NLL, Constant, Cyclical, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not (beta >= 0 and cycles >= 1):
        raise UserError(f"beta must be at least 0 and cycles at least 1, got {beta} and {cycles}")
    if free_bits > 0 and architecture.posterior != "diagonal":
        raise UserError("free bits need the KL of each dimension: use --posterior diagonal, or --free_bits 0")
    weight = Cyclical(beta, cycles) if cycles > 1 else Linear(beta, warmup) if warmup else Constant(beta)
    objective = NLL() + weight * KL(kl, free_bits)
    start = standardise_codes if standardise else None
    return Recipe(compose(spec, architecture), (objective,), prior=prior, initialise=start)
