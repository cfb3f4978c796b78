"""A model of data with missing values."""

from typing import TYPE_CHECKING

from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def missing_data_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(sigma="learned"),  # noqa: B008 (frozen)
    *,
    samples: int = 20,
    hide: float | None = None,
    prior: PriorName = "standard",
) -> "Recipe":
    """The importance-weighted autoencoder of what was observed, which learns from missing values and fills them.

    Minimises −E log (1/K) Σ_k p(x_obs|z_k) p(z_k) / q(z_k|x_obs), a bound of −log p(x_obs). What is missing
    (NaN) must be missing at random, for reasons that are observed.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior; a scale is learned, never solved.
        samples: K, draws per example.
        hide: share of the values that are hidden in training, others at every step; default 0.5 where the training
            examples are complete, else 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Mattei & Frellsen 2019, MIWAE: deep generative modelling and imputation of incomplete data sets,
    https://arxiv.org/abs/1812.02633, equation 4, with a mask beside the filled values and means in place of zeros
    """
    from dataclasses import replace

    from vaekit.likelihoods import ObservedOnly
    from vaekit.objectives import IWAE, Hidden, Hide
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import build_likelihood, compose
    from vaekit.recipes.recipe import Recipe
    from vaekit.recipes.tables import set_fill

    if architecture.sigma == "solved":
        architecture = replace(architecture, sigma="learned")
    likelihood = ObservedOnly(build_likelihood(spec, architecture), spec)
    hide = (0.0 if spec.missing else 0.5) if hide is None else hide
    objective = Hidden(as_objective(IWAE(samples)), Hide(hide))
    model = compose(spec, architecture, likelihood=likelihood)
    return Recipe(model, (objective,), prior=prior, initialise=lambda vae, x: set_fill(vae, x, spec))
