import pytest
import torch

from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation import with_solved_sigma
from vaekit.evaluation.bounds import bounds
from vaekit.evaluation.measures import native
from vaekit.recipes.recipe import build_recipe

DIGITS = load("digits")
VALIDATION = Examples.of(DIGITS, "validation")


@pytest.mark.parametrize("sigma", ["solved", "dct"])
def test_means_stay_and_the_bound_rises(sigma) -> None:
    vae = build_recipe("mse_vae", DIGITS.spec, net="mlp", size="tiny", latents=4).model.eval()
    x = VALIDATION.first(20)
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    rescored = with_solved_sigma(vae, VALIDATION, DIGITS.spec, sigma)
    torch.testing.assert_close(rescored.reconstruct(x), vae.reconstruct(x))
    for name, value in vae.state_dict().items():
        assert torch.equal(value, before[name])
    old, new = (bounds(model, VALIDATION, {"density": native})[1]["density"] for model in (vae, rescored))
    assert new.elbo.mean() > old.elbo.mean() + 10


def test_one_sigma_is_the_error_of_a_draw() -> None:
    vae = build_recipe("mse_vae", DIGITS.spec, net="mlp", size="tiny", latents=4).model.eval()
    rescored = with_solved_sigma(vae, VALIDATION, DIGITS.spec, "solved")
    errors = [
        (x - vae.trace(x, noise=noise).likelihood.mean).square().flatten(1).mean(1)
        for _, x, noise in VALIDATION.in_order()
    ]
    torch.testing.assert_close(rescored.likelihood.variance, torch.cat(errors).mean())


def test_what_cannot_be_rescored_is_refused() -> None:
    logistic = build_recipe("vae", DIGITS.spec, likelihood="logistic").model
    with pytest.raises(CapabilityError, match="only a Gaussian likelihood has a sigma to solve"):
        with_solved_sigma(logistic, VALIDATION, DIGITS.spec, "solved")
    vae = build_recipe("vae", DIGITS.spec).model
    with pytest.raises(UserError, match="did you mean solved"):
        with_solved_sigma(vae, VALIDATION, DIGITS.spec, "solvd")
