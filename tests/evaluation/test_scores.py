"""Scores against the closed form of PPCA, and the order and names of what is written."""

import math

import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.scores import joined, ranking, scores
from vaekit.ppca import fit_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((5,), None, 1.0)


def rows(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 5, generator=generator) * torch.tensor([3.0, 2.0, 1.0, 1.0, 0.8]) + 1


def test_the_score_of_ppca_is_minus_its_exact_evidence() -> None:
    """q is the exact posterior: every importance weight is p(x), and so is their mean, draw by draw.

    The ELBO takes its KL in closed form, so that its distortion's noise stays: limit 4 standard errors.
    """
    recipe, x = build_recipe("ppca", SPEC, latents=2), rows(400)
    assert recipe.closed_form is not None
    recipe.closed_form(recipe.model, x)
    found = scores(recipe.model, Examples(rows(130, 1), 1.0, False), SPEC, importance_samples=7)
    exact = -fit_ppca(x, 2).log_evidence(rows(130, 1))
    torch.testing.assert_close(found.values["iwae"], exact, rtol=1e-4, atol=1e-3)
    difference = found.values["elbo"] - exact
    assert 0 < difference.mean().abs() < 4 * difference.std() / math.sqrt(130)
    assert found.ess is not None
    torch.testing.assert_close(found.ess, torch.full((130,), 7.0), rtol=1e-2, atol=0)
    torch.testing.assert_close(found.bits_per_dimension, exact / (5 * math.log(2)), rtol=1e-4, atol=1e-3)
    # distortion + rate = −ELBO
    torch.testing.assert_close(found.values["nll"] + found.values["rate"], found.values["elbo"])
    assert (found.by, found.measure, found.draws, len(found)) == ("iwae", "density", 7, 130)


def test_what_has_no_evidence_is_scored_by_its_error_and_says_so() -> None:
    vae, x = build_recipe("ae", SPEC, latents=2).model.eval(), rows(60)
    found = scores(vae, Examples(x, 1.0, False), SPEC)
    assert (found.by, found.measure, list(found.columns())) == ("error", "", ["error"])
    torch.testing.assert_close(found.ranked, (x - vae.reconstruct(x)).square().mean(1).detach())
    with pytest.raises(UserError, match=r"--by elbo needs a likelihood of x: the codes .*use --by error"):
        ranking(vae, "elbo")


def test_what_draws_value_by_value_has_no_error() -> None:
    vae = build_recipe("pixel_vae", DataSpec((1, 4, 4), 4, 0.1), size="tiny", latents=2).model
    assert ranking(vae, None) == "iwae"
    with pytest.raises(UserError, match="draws x value by value"):
        ranking(vae, "error")


def test_another_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no score is called iwea; did you mean iwae"):
        ranking(build_recipe("vae", SPEC).model, "iwea")


def test_joined_and_taken_scores_are_those_of_the_examples() -> None:
    vae = build_recipe("vae", SPEC, latents=2).model
    parts = [scores(vae, Examples(rows(n, n), 1.0, False), SPEC, "rate", 2) for n in (3, 4)]
    both = joined(parts)
    assert len(both) == 7
    some = both.take(torch.tensor([6, 0]))
    for name, values in some.columns().items():
        assert values.tolist() == [parts[1].columns()[name][3], parts[0].columns()[name][0]]
    assert torch.equal(some.ranked, some.values["rate"])
