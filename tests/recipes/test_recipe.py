from dataclasses import FrozenInstanceError

import pytest

from vaekit.errors import UserError
from vaekit.likelihoods import BernoulliLikelihood, SolvedGaussian
from vaekit.objectives import Linear, Objective
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.recipes.recipe import Optimiser, Recipe, build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((1, 8, 8), levels=17, variance=0.1)


def test_options_reach_the_architecture_and_the_recipe() -> None:
    recipe = build_recipe(
        "vae", SPEC, latents=3, posterior="full_covariance", beta=2.5, warmup=0.3, prior="gaussian"
    )
    assert recipe.model.latents.sites == {"z": 3}
    assert isinstance(recipe.model.posteriors["z"], FullCovarianceGaussian)
    (objective,) = recipe.turns
    assert isinstance(objective, Objective)
    assert objective.terms[1].weight == Linear(2.5, over=0.3)
    assert recipe.prior == "gaussian"


def test_what_is_not_said_is_the_recipe_s_default() -> None:
    recipe = build_recipe("mse_vae", SPEC, size="tiny")
    assert recipe.model.latents.sites == {"z": 128}
    assert recipe.optimiser == Optimiser(lr=0.005, decay="exponential", gamma=0.95)


def test_the_data_choose_the_likelihood() -> None:
    assert isinstance(build_recipe("vae", SPEC).model.likelihood, SolvedGaussian)
    binary = DataSpec((1, 8, 8), levels=2)
    assert isinstance(build_recipe("vae", binary).model.likelihood, BernoulliLikelihood)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(UserError, match=r"no recipe is called vea; did you mean vae\?"):
        build_recipe("vea", SPEC)


@pytest.mark.parametrize(
    ("recipe", "option", "hint"),
    [("vae", "latent", "latents"), ("iwae", "sample", "samples"), ("ppca", "latent", "latents")],
)
def test_an_unknown_option_is_refused_with_the_nearest(recipe: str, option: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"recipe {recipe} has no option {option}; did you mean {hint}?"):
        build_recipe(recipe, SPEC, **{option: 2})


def test_an_option_of_another_recipe_is_refused() -> None:
    with pytest.raises(UserError, match="recipe linear_vae has no option net"):
        build_recipe("linear_vae", SPEC, net="mlp")


def test_a_recipe_is_a_value() -> None:
    recipe: Recipe = build_recipe("vae", SPEC, latents=2)
    with pytest.raises(FrozenInstanceError):
        recipe.prior = "gmm"  # pyright: ignore[reportAttributeAccessIssue]
