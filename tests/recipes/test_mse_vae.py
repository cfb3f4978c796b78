import pytest
import torch
from torch.nn.functional import mse_loss

from vaekit.errors import UserError
from vaekit.likelihoods import GaussianLikelihood
from vaekit.noise import Noise, cut
from vaekit.recipes.mse_vae import mse_vae
from vaekit.recipes.options import Architecture
from vaekit.recipes.recipe import Optimiser
from vaekit.spec import DataSpec

SPEC = DataSpec((3, 12, 10), levels=256, variance=0.08)
TINY = Architecture(net="conv", size="tiny", latents=4)


@pytest.mark.parametrize("weight", [0.00025, 0.1, 1.0])
def test_loss_and_gradient_are_those_of_the_post(weight: float) -> None:
    """The post's loss: mse_loss(x̂, x) + w · mean −½ Σ (1 + ln σ² − μ² − σ²); ours adds a constant."""
    recipe = mse_vae(SPEC, TINY, weight=weight)
    model, noise = recipe.model.double(), Noise(0, (), cut(6, 2))
    x = torch.rand(6, 3, 12, 10, dtype=torch.float64)
    (turn,) = recipe.turns
    losses = turn.losses(model, x, noise, torch.tensor(1.0, dtype=torch.float64))
    ours = losses.by_player["model"]
    trace = model.trace(x, noise=noise)
    q = trace.sites[0].posterior
    kl = -0.5 * (1 + q.variance.log() - q.mean**2 - q.variance).sum(-1)
    post = mse_loss(trace.likelihood.mean, x) + weight * kl.mean()
    parameters = list(model.parameters())
    expected = torch.autograd.grad(post, parameters)
    for gradient, other in zip(torch.autograd.grad(ours, parameters), expected, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-6, atol=1e-9)
    dimensions = SPEC.dimensions
    variance = torch.tensor(weight * dimensions / 2, dtype=torch.float64)
    constant = weight * dimensions / 2 * (2 * torch.pi * variance).log()
    torch.testing.assert_close(ours - post, constant, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "weight", "variance"), [((3, 64, 64), 0.00025, "1.536"), ((3, 12, 10), 0.1, "18")]
)
def test_the_note_says_which_sigma_the_weight_implies(shape, weight, variance) -> None:
    recipe = mse_vae(DataSpec(shape, 256, variance=0.08), TINY, weight=weight)
    (note,) = recipe.notes
    assert f"sigma^2 = wD/2 = {variance};" in note
    assert "data's own variance is 0.08" in note
    likelihood = recipe.model.likelihood
    assert isinstance(likelihood, GaussianLikelihood)
    assert likelihood.scale().square().item() == pytest.approx(float(variance))


def test_mean_and_optimiser_are_those_of_the_post() -> None:
    recipe = mse_vae(SPEC, TINY)
    assert isinstance(recipe.model.likelihood, GaussianLikelihood)
    assert recipe.model.likelihood.squash == "identity"
    assert recipe.optimiser == Optimiser(lr=0.005, decay="exponential", gamma=0.95)
    assert recipe.prior == "standard"


@pytest.mark.parametrize(
    "architecture",
    [Architecture(likelihood="bernoulli"), Architecture(likelihood="logistic"), Architecture(sigma=0.1)],
)
def test_another_likelihood_is_refused(architecture: Architecture) -> None:
    with pytest.raises(UserError, match="fixes its likelihood by its weight; use --recipe vae"):
        mse_vae(SPEC, architecture)


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_must_be_positive(weight: float) -> None:
    with pytest.raises(UserError, match="KL weight must be positive"):
        mse_vae(SPEC, TINY, weight=weight)
