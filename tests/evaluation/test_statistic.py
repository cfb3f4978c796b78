import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.evaluation import mean_statistic
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

GREY = DataSpec((1, 4, 4), 17, 0.1)


def test_the_statistic_of_a_split_is_the_mean_error_of_one_draw_each() -> None:
    """Over a last block that is smaller than the others: every example counts the same."""
    vae = build_recipe("vae", GREY, latents=2, hidden=(8,)).model.eval()
    split = Examples(torch.randint(17, (130, 1, 4, 4)), 16.0, False)
    before = vae.likelihood.state_dict()["variance"].clone()
    noise = split.noise(slice(0, 130), 0)
    with torch.no_grad():
        error = (split.all() - vae.trace(split.all(), noise=noise).likelihood.mean).square().mean()
    torch.testing.assert_close(mean_statistic(vae, split), error)
    assert torch.equal(vae.likelihood.state_dict()["variance"], before)


def test_a_likelihood_with_nothing_to_solve_is_refused() -> None:
    vae = build_recipe("vae", GREY, latents=2, hidden=(8,), sigma="learned").model
    with pytest.raises(TypeError, match="GaussianLikelihood has nothing to solve"):
        mean_statistic(vae, Examples(torch.zeros(5, 1, 4, 4), 1.0, False))
