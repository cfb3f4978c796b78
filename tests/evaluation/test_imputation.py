"""Imputation against the exact conditional of a Gaussian model, and what must not change."""

import math

import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.imputation import impute
from vaekit.noise import Noise
from vaekit.objectives import Hide
from vaekit.ppca import PPCA, fit_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((4,), None, 1.0)
HIDDEN = torch.tensor([True, False, True, False])


def linear_model() -> tuple[VAE, PPCA]:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.tensor([[2.0, 1.0, -1.5, 0.5], [0.0, 1.0, 1.0, -1.0]])
    x = (
        torch.randn(2000, 2, generator=generator) @ mixing
        + 0.7 * torch.randn(2000, 4, generator=generator)
        + 1
    )
    recipe = build_recipe("ppca", SPEC, latents=2)
    assert recipe.closed_form is not None
    recipe.closed_form(recipe.model, x)
    # q is the posterior of a complete example, and that of an incomplete one is wider: weights of a proposal that is
    # too narrow have no variance, and no effective sample size says how wrong they are.
    log_std = recipe.model.posteriors["z"].get_parameter("log_std")
    with torch.no_grad():
        log_std += math.log(4)
    return recipe.model.eval(), fit_ppca(x, 2)


def conditional(solution: PPCA, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, M) and covariance (M, M) of the hidden columns given the others, under N(m, W Wᵀ + σ² I)."""
    covariance = solution.weights @ solution.weights.T + solution.noise * torch.eye(4)
    a, b = HIDDEN, ~HIDDEN
    gain = covariance[a][:, b] @ torch.linalg.inv(covariance[b][:, b])
    return solution.mean[a] + (x[:, b] - solution.mean[b]) @ gain.T, covariance[a][:, a] - gain @ covariance[
        b
    ][:, a]


def with_holes(count: int) -> Tensor:
    x = torch.randn(count, 4, generator=torch.Generator().manual_seed(1)) + 1
    return x.masked_fill(HIDDEN, torch.nan)


def examples(x: Tensor) -> Examples:
    return Examples(x, 1.0, False, seed=3)


def test_the_mean_is_the_exact_conditional_mean() -> None:
    """Self-normalised weights: the error of an example is √(Σ w̃² (E[x|z] − mean)²), whose Monte-Carlo part falls as
    1/√ESS; √(Var/ESS) bounds it. Limit 4.5 s.e. for 80 values: false alarm 5·10⁻⁴, the seed is fixed."""
    vae, solution = linear_model()
    x = with_holes(40)
    found = impute(vae, examples(x), solution.mean, importance_samples=4000)
    mean, covariance = conditional(solution, x)
    error = (covariance.diagonal() / found.ess.unsqueeze(1)).sqrt()
    assert ((found.mean[:, HIDDEN] - mean).abs() < 4.5 * error).all()
    # And the bound is no idle one: filling with the column's mean is off by many times as much.
    assert ((solution.mean[HIDDEN] - mean).abs() > 4.5 * error).float().mean() > 0.5
    assert found.ess.min() > 50


def test_draws_have_the_exact_conditional_moments() -> None:
    """2,000 draws of K = 8,000 for 6 examples: means within 4.5 s.e. of both the draws and the resampling, variances
    within 4.5 √(2/M + 2/ESS) of themselves; 12 values each, false alarm 2·10⁻⁴."""
    vae, solution = linear_model()
    x, draws = with_holes(6), 2000
    found = impute(vae, examples(x), solution.mean, importance_samples=8000, draws=draws)
    mean, covariance = conditional(solution, x)
    values, share = found.draws[..., HIDDEN], 1 / draws + 1 / found.ess.unsqueeze(1)
    variance = covariance.diagonal()
    assert ((values.mean(0) - mean).abs() < 4.5 * (variance * share).sqrt()).all()
    assert ((values.var(0) / variance - 1).abs() < 4.5 * (2 * share).sqrt()).all()
    together = torch.stack([torch.cov(values[:, i].T)[0, 1] for i in range(6)]).mean()
    spread = math.sqrt((variance.prod() + covariance[0, 1] ** 2).item())
    assert abs(together - covariance[0, 1]) < 4.5 * spread * share.mean().sqrt()


@pytest.mark.parametrize("recipe", ["missing_data_vae", "hierarchical_vae", "vae"])
def test_observed_values_stay_bit_for_bit_and_missing_ones_are_filled(recipe: str) -> None:
    vae = build_recipe(recipe, SPEC, latents=2, size="tiny").model
    x = with_holes(60)
    x[5] = torch.nan  # nothing at all was observed
    x[6] = 0.25  # nothing is missing
    found = impute(vae, examples(x), torch.zeros(4), importance_samples=70, draws=3)
    seen = ~x.isnan()
    assert torch.equal(found.missing, ~seen)
    for filled in (found.mean, *found.draws):
        assert torch.equal(filled[seen], x[seen])
        assert filled.isfinite().all()
    assert not torch.equal(found.draws[0], found.draws[1])
    again = impute(vae, examples(x), torch.zeros(4), importance_samples=70, draws=3)
    assert torch.equal(found.mean, again.mean)
    assert torch.equal(found.draws, again.draws)


def test_whole_numbers_and_levels_are_drawn_from_their_own_support() -> None:
    spec = DataSpec((1, 4, 4), levels=2, variance=0.2)
    vae = build_recipe("missing_data_vae", spec, latents=2, size="tiny").model
    x = torch.randint(2, (30, 1, 4, 4), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    held = Examples(x, 1.0, False)
    found = impute(vae, held, torch.full((1, 4, 4), 0.5), 20, draws=2, hide=Hide(0.4))
    assert found.draws.unique().tolist() == [0.0, 1.0]
    filled = found.mean[found.missing]
    assert ((filled > 0) & (filled < 1)).all()
    assert found.missing.float().mean() == pytest.approx(0.4, abs=0.07)


def test_models_that_cannot_are_refused_with_a_reason() -> None:
    image = DataSpec((1, 8, 8), 17, 0.1)
    cannot = {
        "ae": (SPEC, {}, "the codes of an autoencoder are points"),
        "pixel_vae": (image, {"size": "tiny"}, "each is drawn from all before it"),
        "vae": (image, {"sigma": "haar"}, "independent given z"),
    }
    for recipe, (spec, options, reason) in cannot.items():
        vae = build_recipe(recipe, spec, latents=2, **options).model
        with pytest.raises(UserError, match=reason):
            impute(vae, examples(torch.zeros(3, *spec.shape)), torch.zeros(spec.shape), 5)
    with pytest.raises(UserError, match="at least 1 importance sample"):
        impute(build_recipe("vae", SPEC).model, examples(torch.zeros(3, 4)), torch.zeros(4), 0)


def test_hiding_depends_on_the_seed_alone_and_not_on_the_cut() -> None:
    x = torch.zeros(100, 4)
    held = examples(x)
    whole = [Hide(0.3)(part, noise).isnan() for _, part, noise in held.in_order(2)]
    parts = [Hide(0.3)(part, noise).isnan() for _, part, noise in held.in_order(1)]
    assert torch.equal(torch.cat(whole), torch.cat(parts))
    noise = next(iter(held.in_order(1)))[2]
    assert isinstance(noise, Noise)
