import pytest

from vaekit.errors import UserError
from vaekit.priors import StandardNormal
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec


def test_it_is_a_vae_until_its_second_stage_is_fitted() -> None:
    recipe = build_recipe("two_stage_vae", DataSpec((6,), None), latents=2, prior_epochs=3)
    assert isinstance(recipe.model.latents.top, StandardNormal)
    assert recipe.model.lacks_evidence is None
    assert (recipe.prior, recipe.prior_epochs) == ("two_stage", 3)
    assert "no density" in recipe.notes[0]


def test_an_impossible_warm_up_is_refused() -> None:
    with pytest.raises(UserError, match="warmup is a fraction of training"):
        build_recipe("two_stage_vae", DataSpec((6,), None), warmup=-1.0)
