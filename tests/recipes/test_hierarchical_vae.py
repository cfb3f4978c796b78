import pytest
import torch
from torch.distributions import kl_divergence

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.recipes.hierarchical_vae import hierarchical_vae
from vaekit.recipes.options import Architecture
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), levels=None)
TINY = Architecture(size="tiny", latents=4)
NOISE = Noise(0, (), cut(5, 2))


def a_trace(sample_shape: tuple[int, ...] = (3,)) -> Trace:
    return hierarchical_vae(SPEC, TINY).model.trace(torch.randn(5, 6), sample_shape, noise=NOISE)


def test_the_kl_is_the_sum_over_the_sites() -> None:
    trace = a_trace()
    upper, lower = (kl_divergence(site.posterior, site.prior) for site in trace.sites)
    assert upper.shape == (5,)
    assert lower.shape == (3, 5)
    torch.testing.assert_close(trace.kl(), upper + lower)


def test_prior_and_posterior_of_the_second_site_depend_on_the_first_value() -> None:
    """Three draws of z₂ for each example give three priors and three posteriors of z₁."""
    _, lower = a_trace().sites
    for distribution in (lower.prior, lower.posterior):
        assert distribution.batch_shape == (3, 5)
        assert (distribution.mean[0] != distribution.mean[1]).all()


@pytest.mark.parametrize(("asked", "top"), [(None, 2), (1, 1), (7, 7)])
def test_the_top_has_half_the_latents_unless_told(asked: int | None, top: int) -> None:
    recipe = hierarchical_vae(SPEC, TINY, top_latents=asked)
    assert dict(recipe.model.latents.sites) == {"z2": top, "z1": 4}


def test_one_latent_below_leaves_one_above() -> None:
    recipe = hierarchical_vae(SPEC, Architecture(size="tiny", latents=1))
    assert dict(recipe.model.latents.sites) == {"z2": 1, "z1": 1}


@pytest.mark.parametrize("top_latents", [0, -1])
def test_no_latents_at_the_top_are_refused(top_latents: int) -> None:
    with pytest.raises(UserError, match="at least one latent dimension"):
        hierarchical_vae(SPEC, TINY, top_latents=top_latents)


def test_the_state_has_the_width_asked_for() -> None:
    latents = hierarchical_vae(SPEC, TINY, state=9).model.latents
    assert latents.state_features == {"z2": 0, "z1": 9}
    assert latents.out_features == 4 + 9
