"""The model of data with missing values: what it sees, what it minimises, and that it learns from gaps."""

import math

import numpy as np
import pytest
import torch

import vaekit
from vaekit.errors import CapabilityError, UserError
from vaekit.likelihoods import ObservedOnly
from vaekit.noise import Noise, cut
from vaekit.objectives import Hide
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import Column, DataSpec

GAPS = DataSpec((3,), None, 1.0, missing=True)
ZERO = torch.tensor(0.0)


def test_the_loss_is_the_bound_of_what_was_observed() -> None:
    """Written out: −log (1/K) Σ p(x_obs|z) p(z)/q(z|x_obs), with the missing values' factors left out by hand."""
    recipe = build_recipe("missing_data_vae", GAPS, latents=2, size="tiny", samples=4)
    vae, noise = recipe.model, Noise(0, (), cut(5, 2))
    x = torch.randn(5, 3)
    x[0, 1] = x[3, 2] = x[3, 0] = torch.nan
    trace = vae.trace(x, (4,), noise=noise)
    p, site = trace.likelihood, trace.sites[0]
    each = -0.5 * ((x - p.mean) / p.stddev).square() - p.stddev.log() - 0.5 * math.log(2 * math.pi)
    log_weight = each.nansum(-1) + site.log_p - site.log_q
    expected = (math.log(4) - log_weight.logsumexp(0)).mean()
    (turn,) = recipe.turns
    torch.testing.assert_close(turn.losses(vae, x, noise, ZERO).by_player["model"], expected)


def test_the_encoder_sees_means_and_a_mask_in_place_of_what_is_missing() -> None:
    recipe = build_recipe("missing_data_vae", GAPS, latents=2, size="tiny")
    assert recipe.initialise is not None
    x = torch.tensor([[1.0, torch.nan, 5.0], [3.0, 4.0, torch.nan], [torch.nan, 8.0, 7.0]])
    recipe.initialise(recipe.model, x)
    filled = torch.tensor([[1.0, 6.0, 5.0]])
    features = recipe.model.features
    assert not torch.equal(features(x[:1]), features(filled)), "the mask tells a mean from a missing value"
    inputs = next(recipe.model.encoder.modules()).layers[0](x)  # pyright: ignore
    expected = [[1, 6, 5, 1, 0, 1], [3, 4, 6, 1, 1, 0], [2, 8, 7, 0, 1, 1]]
    assert inputs.tolist() == expected


def test_columns_keep_their_scales_and_a_missing_category_is_none_of_them() -> None:
    spec = DataSpec(
        (2,), None, 1.0, columns=(Column("real", mean=5.0, std=2.0), Column("categorical", 3)), missing=True
    )
    recipe = build_recipe("missing_data_vae", spec, latents=2, size="tiny")
    assert recipe.initialise is not None
    x = torch.tensor([[7.0, 1.0], [torch.nan, torch.nan]])
    recipe.initialise(recipe.model, x)
    inputs = next(recipe.model.encoder.modules()).layers[0](x)  # pyright: ignore
    assert inputs.tolist() == [[1, 0, 1, 0, 1, 1], [1, 0, 0, 0, 0, 0]]
    (turn,) = recipe.turns
    losses = turn.losses(recipe.model, x, Noise(0, (), cut(2, 1)), ZERO)
    assert losses.by_player["model"].isfinite()


def test_complete_examples_are_hidden_in_training_and_incomplete_ones_are_not() -> None:
    complete = build_recipe("missing_data_vae", DataSpec((3,), None))
    assert complete.turns[0].hide == Hide(0.5)  # pyright: ignore
    assert build_recipe("missing_data_vae", GAPS).turns[0].hide == Hide(0.0)  # pyright: ignore
    with pytest.raises(UserError, match="between 0 and 1, got 1"):
        build_recipe("missing_data_vae", GAPS, hide=1.0)


def test_what_is_solved_from_complete_examples_is_refused() -> None:
    image = DataSpec((1, 8, 8), 17, 0.1)
    with pytest.raises(CapabilityError, match="needs complete examples: use --sigma learned"):
        build_recipe("missing_data_vae", image, sigma="haar")
    assert isinstance(build_recipe("missing_data_vae", image, sigma="solved").model.likelihood, ObservedOnly)


@pytest.mark.parametrize("recipe", ["vae", "ae", "ppca", "vq_vae"])
def test_other_recipes_refuse_gaps_and_name_the_one_that_does_not(recipe: str) -> None:
    with pytest.raises(
        UserError, match=f"recipe {recipe} takes complete examples.*use --recipe missing_data_vae"
    ):
        build_recipe(recipe, GAPS)


def test_gaps_are_filled_far_better_than_by_means_and_about_as_well_as_can_be(tmp_path) -> None:
    """One latent, three columns: E[x_mis | x_obs] leaves σ² = 0.09 and a little more, means leave about 1."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(1500, 1)) * [1.0, -1.0, 1.0] + 0.3 * rng.normal(size=(1500, 3))).astype(np.float32)
    holes = x.copy()
    holes[rng.random(x.shape) < 0.2] = np.nan
    options = {"latents": 1, "hidden": (32,), "epochs": 25, "batch_size": 64, "lr": 3e-3, "samples": 10}
    run = vaekit.train(holes, "missing_data_vae", out=tmp_path / "run", quiet=True, seed=0, **options)
    again = vaekit.load(run.folder.path)
    assert again.spec.missing
    found = vaekit.impute(again, x, hide=0.2, importance_samples=200)
    assert found.rmse_of_means == pytest.approx(1.0, abs=0.1)
    assert 0.3 / 1.04 < found.rmse < 0.5
    note = vaekit.evaluate(run, importance_samples=5).note
    assert "nats are those of the" in note
