from typing import cast

import pytest
import torch

from vaekit.core import VAE
from vaekit.errors import CapabilityError
from vaekit.latents import OneGrid
from vaekit.noise import Noise, cut
from vaekit.objectives import CodebookLoss, Commitment, FitPrior
from vaekit.posteriors import QuantisedPosterior
from vaekit.quantisers import VectorQuantiser
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import DataSpec

GREY = DataSpec((1, 8, 8), 17, 0.1)
NOISE = Noise(0, (), cut(6, 3))


def built(recipe: str = "vq_vae", **options: object) -> Recipe:
    return build_recipe(recipe, GREY, size="tiny", codes=8, code_dimensions=3, **options)


def test_both_terms_are_the_distances_of_vectors_and_codes() -> None:
    vae, x = built(codebook="gradient").model, torch.rand(6, 1, 8, 8)
    trace = vae.trace(x, (2,), noise=NOISE)
    grid = cast(OneGrid, vae.latents).grids["z"]
    encoded, codes = grid.vectors_of(vae.features(x)), grid.apart(trace.sites[0].z[0]).sum(-2)
    expected = (encoded - codes).square().sum((-2, -1))
    for term in (Commitment(), CodebookLoss()):
        assert term(trace).shape == (6,)
        torch.testing.assert_close(term(trace), expected)


def test_each_term_moves_its_own_side() -> None:
    vae, x = built(codebook="gradient").model, torch.rand(6, 1, 8, 8)
    table = cast(VectorQuantiser, cast(QuantisedPosterior, vae.posteriors["z"]).quantiser).table
    weight = next(vae.encoder.parameters())
    for term, moved, still in ((Commitment(), weight, table), (CodebookLoss(), table, weight)):
        loss = term(vae.trace(x, noise=NOISE)).sum()
        to_moved, to_still = torch.autograd.grad(loss, [moved, still], allow_unused=True)
        assert to_moved is not None
        assert to_moved.abs().sum() > 0
        assert to_still is None


@pytest.mark.parametrize("recipe", ["vq_vae", "rq_vae", "vq_vae_2"])
def test_an_example_costs_the_same_in_any_batch(recipe: str) -> None:
    """The peers' bug: a sum over the batch, whose weight grows with it."""
    vae, x = built(recipe, codebook="gradient").model, torch.rand(6, 1, 8, 8)
    for term in (Commitment(), CodebookLoss()):
        whole = term(vae.trace(x, noise=NOISE))
        halves = [term(vae.trace(part)) for part in x.chunk(2)]
        torch.testing.assert_close(torch.cat(halves), whole)
        torch.testing.assert_close(term(vae.trace(x.repeat(3, 1, 1, 1))).mean(), whole.mean())


def test_other_latents_have_no_such_terms() -> None:
    vae = build_recipe("vae", GREY, latents=2).model
    with pytest.raises(CapabilityError, match="need quantised latents"):
        Commitment()(vae.trace(torch.rand(6, 1, 8, 8)))


def test_fitting_priors_moves_nothing_else() -> None:
    vae: VAE = built().model
    vae.requires_grad_(False)
    for parameter in vae.latents.parameters():
        parameter.requires_grad_(True)
    losses = FitPrior().losses(vae, torch.rand(6, 1, 8, 8), NOISE, torch.zeros(()))
    assert set(losses.by_player) == set(FitPrior().owned(vae)) == {"prior"}
    assert losses.by_player["prior"].item() == pytest.approx(16 * 2.0794415, rel=1e-5)
