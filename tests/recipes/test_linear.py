import torch
from torch.nn import Linear, Parameter

from vaekit.likelihoods import SolvedGaussian
from vaekit.objectives import KL, NLL
from vaekit.posteriors import DiagonalGaussian
from vaekit.recipes.linear import linear_vae, ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((1, 8, 8), levels=17, variance=0.1)


def test_both_networks_are_affine() -> None:
    vae = linear_vae(SPEC, latents=3).model
    x, z = torch.randn(2, 4, 1, 8, 8), torch.randn(2, 4, 3)
    mid = vae.decoder(z.mean(0))
    torch.testing.assert_close(mid, (vae.decoder(z[0]) + vae.decoder(z[1])) / 2)
    means = [vae.encode(part).mean for part in (x[0], x[1], x.mean(0))]
    torch.testing.assert_close(means[2], (means[0] + means[1]) / 2)


def test_the_posterior_has_one_scale_and_the_likelihood_a_solved_one() -> None:
    vae = linear_vae(SPEC, latents=3).model
    posterior, likelihood = vae.posteriors["z"], vae.likelihood
    assert isinstance(posterior, DiagonalGaussian)
    assert isinstance(posterior.log_std, Parameter)
    assert isinstance(likelihood, SolvedGaussian)
    assert likelihood.squash == "identity"
    assert sum(isinstance(layer, Linear) for layer in vae.modules()) == 2


def test_it_minimises_the_plain_negative_elbo() -> None:
    assert linear_vae(SPEC, latents=3).turns == (NLL() + KL(),)


def test_ppca_is_the_linear_vae_solved() -> None:
    solved, trained = ppca(SPEC, latents=3), linear_vae(SPEC, latents=3)
    assert solved.closed_form is not None
    assert trained.closed_form is None
    assert solved.turns == trained.turns
    assert solved.model.latents.sites == trained.model.latents.sites == {"z": 3}


def test_of_all_recipes_ppca_alone_is_solved() -> None:
    assert build_recipe("ppca", SPEC, latents=2).closed_form is not None
    assert build_recipe("vae", SPEC, latents=2).closed_form is None
