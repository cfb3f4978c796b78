import torch

from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec


def test_codes_start_standardised_where_that_is_asked() -> None:
    x = torch.rand(60, 1, 8, 8)
    recipe = build_recipe("vae", DataSpec((1, 8, 8), 17), latents=3, standardise=True)
    assert recipe.initialise is not None
    recipe.initialise(recipe.model, x)
    q = recipe.model.eval().encode(x)
    torch.testing.assert_close(q.mean.std(0), torch.ones(3), rtol=1e-3, atol=0)
    torch.testing.assert_close(q.stddev, torch.full((60, 3), 0.3), rtol=1e-2, atol=0)
    assert build_recipe("vae", DataSpec((1, 8, 8), 17)).initialise is None


def test_other_posteriors_start_as_they_are() -> None:
    recipe = build_recipe(
        "vae", DataSpec((6,), None), latents=3, standardise=True, posterior="full_covariance"
    )
    assert recipe.initialise is not None
    before = {name: value.clone() for name, value in recipe.model.state_dict().items()}
    recipe.initialise(recipe.model, torch.randn(20, 6))
    assert all(torch.equal(value, recipe.model.state_dict()[name]) for name, value in before.items())
