"""An example is never its own prior."""

import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.errors import CapabilityError
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, LeaveOneOutKL
from vaekit.priors import ExemplarPrior
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((1, 8, 8), 17, 0.1)


def model(x: Tensor) -> VAE:
    vae = build_recipe("exemplar", SPEC, latents=2, size="tiny", exemplars=4).model
    assert isinstance(vae.latents.top, ExemplarPrior)
    vae.latents.top.start(x)
    return vae


def pictures(n: int) -> Tensor:
    return torch.randint(17, (n, 1, 8, 8)) / 16


def test_the_rate_of_an_exemplar_is_under_the_other_exemplars() -> None:
    """Of the first it is that of a model whose prior holds the other three; of strangers the ordinary one."""
    x = pictures(6)
    vae, noise = model(x[:4]), Noise(0, (), cut(6, 2))
    trace = vae.trace(x, (3,), noise=noise)
    found, plain = LeaveOneOutKL()(trace), KL()(trace)
    torch.testing.assert_close(found[4:], plain[4:])
    assert (found[:4] > plain[:4]).all()
    others = ExemplarPrior(vae.encoder, vae.posteriors["z"], 2, SPEC.shape, 3)
    others.start(x[1:4])
    site = trace.sites[0]
    expected = (site.log_q - others().log_prob(site.z)).mean(0)[0]
    torch.testing.assert_close(found[0], expected)


def test_an_example_that_is_held_twice_is_left_out_twice() -> None:
    x = pictures(3)
    vae = model(x[[0, 0, 1, 2]])
    trace = vae.trace(x[:1], noise=Noise(0, (), cut(1, 1)))
    others = ExemplarPrior(vae.encoder, vae.posteriors["z"], 2, SPEC.shape, 2)
    others.start(x[1:])
    site = trace.sites[0]
    torch.testing.assert_close(LeaveOneOutKL()(trace), site.log_q - others().log_prob(site.z))


def test_another_prior_is_refused() -> None:
    vae = build_recipe("vae", SPEC, latents=2).model
    with pytest.raises(CapabilityError, match="prior made of examples"):
        LeaveOneOutKL()(vae.trace(pictures(2)))
