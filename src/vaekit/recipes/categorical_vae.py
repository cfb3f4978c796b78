"""Categorical latents by a relaxation: alone, and beside Gaussian ones."""

from math import log
from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Observed
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def categorical_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    categories: int = 10,
    temperature: float = 2 / 3,
    hard: bool = False,
) -> "Recipe":
    """A VAE with categorical latents, trained through Gumbel-softmax draws.

    Minimises E_y[−log p(x|y)] + KL(q(z|x) ‖ p(z)), q(z|x) = Π_m Cat(π_m(x)), with the relaxed
    y = softmax((log π + g)/τ) in place of the one-hot z. That is no bound of log p(x) under one-hot codes: all that
    measures draws one-hot codes, and bounds it.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood; latents is the number of categorical variables.
        categories: K of each variable.
        temperature: τ > 0, the same throughout; smaller draws are nearer to one-hot, and their gradients noisier.
        hard: one-hot codes forward, the slope of the relaxed ones backward (straight-through).

    Source: Jang et al. 2017, Categorical reparameterization with Gumbel-softmax, https://arxiv.org/abs/1611.01144,
    equation 2 (without its annealing of τ); Maddison et al. 2017, The concrete distribution,
    https://arxiv.org/abs/1611.00712, for τ = 2/3 (without its relaxed KL)
    """
    from vaekit.latents import Flat
    from vaekit.objectives import KL, NLL
    from vaekit.posteriors import OneHotPosterior
    from vaekit.priors import OneHotPrior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    m = latent_dimensions(spec, architecture.latents)
    latents = Flat(m * categories, OneHotPrior(m, categories))
    model = compose(
        spec,
        architecture,
        latents,
        posterior=lambda site, f, s, d: OneHotPosterior(f, s, m, categories, temperature, hard),
    )
    return Recipe(model, (NLL() + KL(),), notes=(NOTE,))


def joint_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    variables: int = 1,
    categories: int = 10,
    gamma: float = 30.0,
    capacity: float = 5.0,
    capacity_categorical: float | None = None,
    over: float = 0.25,
    temperature: float = 2 / 3,
) -> "Recipe":
    """A VAE with Gaussian and categorical latents side by side, each held at a rate that rises.

    Minimises E[−log p(x|z, c)] + γ |KL(q(z|x) ‖ p(z)) − C_z(t)| + γ |KL(q(c|x) ‖ p(c)) − C_c(t)|, c relaxed with
    temperature τ.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood; latents is the number of Gaussian dimensions.
        variables: M, categorical variables.
        categories: K of each.
        gamma: γ ≥ 0, weight of both distances.
        capacity: C_z in the end, nats.
        capacity_categorical: C_c in the end, nats; default M ln K, all that the variables can say.
        over: fraction of training in which both capacities rise from 0.
        temperature: τ > 0 of the relaxed draws of c.

    Source: Dupont 2018, Learning disentangled joint continuous and discrete representations,
    https://arxiv.org/abs/1804.00104, equation 7
    """
    from vaekit.latents import SideBySide
    from vaekit.objectives import NLL, Capacity
    from vaekit.posteriors import DiagonalGaussian, OneHotPosterior
    from vaekit.priors import OneHotPrior, StandardNormal
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    d = latent_dimensions(spec, architecture.latents)
    priors = {"z": StandardNormal(d), "c": OneHotPrior(variables, categories)}
    most = variables * log(categories)
    capacity_categorical = most if capacity_categorical is None else capacity_categorical
    if capacity_categorical > most + 1e-6:
        raise UserError(
            f"{variables} variables of {categories} categories hold {most:.4g} nats: capacity_categorical cannot be "
            f"{capacity_categorical:g}"
        )
    model = compose(
        spec,
        architecture,
        SideBySide({"z": d, "c": variables * categories}, priors),
        posterior=lambda site, f, s, d: (
            DiagonalGaussian(f, s, d)
            if site == "z"
            else OneHotPosterior(f, s, variables, categories, temperature)
        ),
    )
    objective = NLL() + Capacity(gamma, capacity, over, ("z",))
    return Recipe(model, (objective + Capacity(gamma, capacity_categorical, over, ("c",)),), notes=(NOTE,))


NOTE = (
    "training sees relaxed codes, so its loss bounds no log p(x); validation and everything that measures draw "
    "one-hot codes"
)
"""What relaxed draws make of the objective."""
