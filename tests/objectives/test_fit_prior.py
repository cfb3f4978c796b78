"""The turn that fits a prior moves the prior alone, by −log p or by the prior's own loss."""

from copy import deepcopy

import pytest
import torch
from torch.nn import Module

from vaekit.core import VAE
from vaekit.noise import Noise, cut
from vaekit.objectives import FitPrior
from vaekit.priors import FlowMatchingPrior, FlowPrior, LearnedMixture, TwoStagePrior
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((3, 9, 8), 256)
NOISE = Noise(0, (3,), cut(6, 3))
PRIORS = {
    "mixture": lambda: LearnedMixture(3, 4),
    "flow": lambda: FlowPrior(3, width=8),
    "flow matching": lambda: FlowMatchingPrior(3, width=8),
    "two stages": lambda: TwoStagePrior(3, width=8),
}


def model(name: str) -> VAE:
    vae = build_recipe("vae", SPEC, latents=3, net="conv", size="tiny").model
    vae.requires_grad_(False)
    vae.latents.replace_top(PRIORS[name]())
    return vae


@pytest.mark.parametrize("name", PRIORS)
def test_it_moves_the_prior_alone(name) -> None:
    vae, turn, x = model(name), FitPrior(), torch.rand(6, *SPEC.shape)
    own = turn.owned(vae)["prior"]
    assert {id(p) for p in own} == {id(p) for p in vae.latents.top.parameters()}
    losses = turn.losses(vae, x, NOISE, torch.zeros(()))
    losses.by_player["prior"].backward()
    assert all(p.grad is not None for p in own)
    assert all(p.grad is None for p in vae.parameters() if not p.requires_grad)
    assert losses.trace is None


def test_a_prior_with_a_density_learns_by_it_and_another_by_its_own_loss() -> None:
    x = torch.rand(6, *SPEC.shape)
    vae = model("flow").eval()
    z = vae.infer(x, noise=NOISE)[0].z
    found = FitPrior().losses(vae, x, NOISE, torch.zeros(())).by_player["prior"]
    torch.testing.assert_close(found, -vae.latents.top().log_prob(z).mean())
    vae = model("two stages").eval()
    prior, z = vae.latents.top, vae.infer(x, noise=NOISE)[0].z
    assert isinstance(prior, TwoStagePrior)
    found = FitPrior().losses(vae, x, NOISE, torch.zeros(())).by_player["prior"]
    torch.testing.assert_close(found, prior.loss(z, NOISE).mean())


@pytest.mark.parametrize("name", PRIORS)
def test_codes_are_those_of_evaluation_and_batch_statistics_stay(name) -> None:
    """In training mode the encoder would normalise by the batch, and forget its running moments."""
    vae, x = model(name), torch.rand(6, *SPEC.shape)
    vae.train()
    before = deepcopy(vae.encoder.state_dict())
    one = FitPrior().losses(vae, x, NOISE, torch.zeros(())).by_player["prior"]
    assert all(torch.equal(before[key], value) for key, value in vae.encoder.state_dict().items())
    assert isinstance(vae.latents.top, Module)
    assert vae.latents.top.training
    vae.eval()
    torch.testing.assert_close(one, FitPrior().losses(vae, x, NOISE, torch.zeros(())).by_player["prior"])
