import pytest
import torch

from vaekit.errors import UserError
from vaekit.objectives import KL, LeaveOneOutKL, Objective
from vaekit.priors import ExemplarPrior, LearnedMixture, VampPrior
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import Condition, DataSpec

SPEC = DataSpec((1, 8, 8), 17, 0.1)
RECIPES = ["vamp", "exemplar", "gmm_prior"]


def objective(recipe: Recipe) -> Objective:
    (turn,) = recipe.turns
    assert isinstance(turn, Objective)
    return turn


def test_each_has_its_prior_and_its_rate() -> None:
    for name, prior, rate in (
        ("vamp", VampPrior, KL),
        ("exemplar", ExemplarPrior, LeaveOneOutKL),
        ("gmm_prior", LearnedMixture, KL),
    ):
        recipe = build_recipe(name, SPEC, latents=2)
        assert isinstance(recipe.model.latents.top, prior)
        assert isinstance(objective(recipe).terms[1].term, rate)
        assert recipe.prior == "standard"


def test_the_number_of_components_is_as_asked() -> None:
    vamp = build_recipe("vamp", SPEC, latents=2, components=7).model.latents.top
    assert isinstance(vamp, VampPrior)
    assert vamp.raw.shape == (7, 1, 8, 8)
    mixture = build_recipe("gmm_prior", SPEC, latents=2, components=7).model.latents.top
    assert isinstance(mixture, LearnedMixture)
    assert mixture.mean.shape == (7, 2)


def test_pseudo_inputs_of_a_table_are_free_and_of_pictures_are_not() -> None:
    ranges = [
        build_recipe("vamp", spec, latents=2).model.latents.top.range
        for spec in (SPEC, DataSpec((1, 8, 8), None), DataSpec((6,), None), DataSpec((6,), 4))
    ]
    assert ranges == ["unit", "unit", "real", "unit"]


@pytest.mark.parametrize("name", ["vamp", "exemplar"])
def test_they_start_from_examples(name) -> None:
    recipe = build_recipe(name, SPEC, latents=2)
    before = {key: value.clone() for key, value in recipe.model.latents.state_dict().items()}
    assert recipe.initialise is not None
    recipe.initialise(recipe.model, torch.rand(30, 1, 8, 8))
    after = recipe.model.latents.state_dict()
    assert any(not torch.equal(before[key], after[key]) for key in before)


def test_who_reads_the_notes_knows_that_the_file_holds_examples() -> None:
    assert "500 training examples, and the model file holds them" in build_recipe("exemplar", SPEC).notes[0]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("warmup", [-0.1, 1.5])
def test_an_impossible_warm_up_is_refused(name, warmup) -> None:
    with pytest.raises(UserError, match="warmup is a fraction of training"):
        build_recipe(name, SPEC, warmup=warmup)


@pytest.mark.parametrize("name", RECIPES)
def test_without_warm_up_the_weight_is_one(name) -> None:
    terms = objective(build_recipe(name, SPEC, warmup=0.0)).terms
    assert [float(w.weight(torch.tensor(0.0))) for w in terms] == [1.0, 1.0]


@pytest.mark.parametrize("name", ["vamp", "exemplar"])
def test_inputs_without_a_condition_are_none_of_a_conditional_model(name) -> None:
    spec = DataSpec((6,), None, condition=Condition("labels", ("a", "b")))
    with pytest.raises(UserError, match="leave out --condition"):
        build_recipe(name, spec, latents=2)
    assert build_recipe("gmm_prior", spec, latents=2).model.conditioning is not None
