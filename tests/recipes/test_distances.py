"""Recipes that draw all codes together to the prior, or to a covariance: their objectives are their equations."""

import pytest
import torch
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import (
    KL,
    MMD,
    NLL,
    Capacity,
    CovariancePenalty,
    Objective,
    SlicedWasserstein,
    SquaredError,
)
from vaekit.priors import GaussianPrior, StandardNormal, committed_prior
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), None)


def traced(name: str, progress: float = 1.0, **options: object) -> tuple[Tensor, Trace, Recipe]:
    recipe = build_recipe(name, SPEC, latents=3, **options)
    (turn,) = recipe.turns
    assert isinstance(turn, Objective)
    trace = recipe.model.trace(torch.randn(16, 6), noise=Noise(0, (0,), cut(16, 2)))
    return turn.value(trace, torch.tensor(progress))[0], trace, recipe


def test_dip_vaes_penalise_the_covariance_of_means_and_of_codes() -> None:
    value, trace, _ = traced("dip_vae_i", off_diagonal=2.0, diagonal=3.0)
    torch.testing.assert_close(
        value, NLL()(trace) + KL()(trace) + CovariancePenalty(2.0, 3.0, "means")(trace)
    )
    value, trace, _ = traced("dip_vae_ii", off_diagonal=2.0, diagonal=3.0)
    torch.testing.assert_close(
        value, NLL()(trace) + KL()(trace) + CovariancePenalty(2.0, 3.0, "codes")(trace)
    )


def test_the_capacity_rises_over_its_part_of_training() -> None:
    value, trace, _ = traced("beta_vae_capacity", 0.25, capacity=8.0, gamma=50.0, over=0.5)
    torch.testing.assert_close(value, NLL()(trace) + 50 * (KL()(trace) - 4).abs())
    value, trace, _ = traced("beta_vae_capacity", 0.9, capacity=8.0, gamma=50.0, over=0.5)
    torch.testing.assert_close(value, NLL()(trace) + Capacity(50.0, 8.0, 0.5)(trace))


def test_the_info_vae_minimises_equation_6() -> None:
    value, trace, _ = traced("info_vae", alpha=0.3, scale=20.0, kernel="imq")
    expected = NLL()(trace) + 0.7 * KL()(trace) + 19.3 * MMD(kernel="imq")(trace)
    torch.testing.assert_close(value, expected)


def test_the_info_vae_is_the_vae_at_one_end_and_has_no_kl_at_the_other() -> None:
    value, trace, _ = traced("info_vae", alpha=0.0, scale=1.0)
    torch.testing.assert_close(value, NLL()(trace) + KL()(trace))
    value, trace, _ = traced("info_vae", alpha=1.0, scale=9.0)
    torch.testing.assert_close(value, NLL()(trace) + 9 * MMD(kernel="rbf")(trace))


@pytest.mark.parametrize("options", [{"alpha": 1.5}, {"alpha": 0.2, "scale": 0.5}])
def test_an_info_vae_of_negative_weights_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UserError, match="alpha is at most 1"):
        build_recipe("info_vae", SPEC, **options)


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
def test_the_wasserstein_autoencoder_weighs_squares_and_mmd(kernel) -> None:
    value, trace, recipe = traced("wae_mmd", weight=4.0, kernel=kernel)
    torch.testing.assert_close(value, SquaredError()(trace) + 4 * MMD(kernel=kernel)(trace))
    assert isinstance(recipe.model.latents.top, StandardNormal)
    assert recipe.model.deterministic
    assert recipe.model.lacks_evidence
    assert recipe.prior == "standard"


def test_the_sliced_autoencoder_weighs_squares_and_slices() -> None:
    value, trace, recipe = traced("swae", weight=4.0, directions=2)
    torch.testing.assert_close(value, SquaredError()(trace) + 4 * SlicedWasserstein(2)(trace))
    assert isinstance(recipe.model.latents.top, StandardNormal)


@pytest.mark.parametrize("recipe", ["wae_mmd", "swae"])
def test_a_negative_weight_is_refused(recipe: str) -> None:
    with pytest.raises(UserError, match="must be at least 0, got -1"):
        build_recipe(recipe, SPEC, weight=-1.0)


@pytest.mark.parametrize("name", ["wae_mmd", "swae"])
def test_training_draws_the_codes_to_the_prior(name: str) -> None:
    """Codes that start far off have mean 0 and variance 1 after 300 steps of Adam."""
    torch.manual_seed(0)
    recipe = build_recipe(name, SPEC, latents=2, hidden=(32,), weight=100.0)
    (turn,), model = recipe.turns, recipe.model
    x = torch.randn(128, 6) * torch.tensor([1.0, 1.0, 0.1, 0.1, 0.1, 0.1]) + 3
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(300):
        losses = turn.losses(model, x, Noise(0, (step,), cut(128, 2)), torch.tensor(0.5))
        optimiser.zero_grad()
        losses.by_player["model"].backward()
        optimiser.step()
    codes = model.encode(x).mean
    assert codes.mean(0).abs().max() < 0.15
    assert (codes.std(0) - 1).abs().max() < 0.2
    assert torch.corrcoef(codes.T)[0, 1].abs() < 0.2


def test_the_delta_vae_never_costs_less_than_its_rate() -> None:
    value, trace, recipe = traced("delta_vae", rate=1.7)
    torch.testing.assert_close(value, NLL()(trace) + KL()(trace))
    top = recipe.model.latents.top
    assert isinstance(top, GaussianPrior)
    assert torch.equal(top.scale_tril, committed_prior(3, 1.7).scale_tril)
    assert (trace.kl() >= 1.7).all()
    with pytest.raises(UserError, match="has no option posterior"):
        build_recipe("delta_vae", SPEC, posterior="full_covariance")
    with pytest.raises(UserError, match="at most"):
        build_recipe("delta_vae", SPEC, latents=3, rate=100.0)


def test_a_pixel_vae_may_be_committed_to_a_rate() -> None:
    spec = DataSpec((1, 8, 8), 17, 0.1)
    recipe = build_recipe("pixel_vae", spec, latents=4, committed_rate=2.0, prior="standard")
    trace = recipe.model.trace(torch.zeros(5, 1, 8, 8))
    assert (trace.kl() >= 2).all()
    assert isinstance(build_recipe("pixel_vae", spec, latents=4).model.latents.top, StandardNormal)
    with pytest.raises(UserError, match="give --free_bits or --committed_rate"):
        build_recipe("pixel_vae", spec, committed_rate=2.0, free_bits=0.1)
