import pytest
import torch

from vaekit.core import VAE
from vaekit.errors import CapabilityError
from vaekit.noise import Noise, cut
from vaekit.objectives import NLL, RELAX
from vaekit.objectives.algebra import as_objective
from vaekit.posteriors import BernoulliPosterior
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((4,), levels=2)
DRAWS = 20_000


def model(estimator: str) -> VAE:
    torch.manual_seed(1)
    vae = build_recipe("bernoulli_latents", SPEC, latents=2, hidden=(5,), estimator=estimator).model.double()
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter += 0.4 * torch.randn_like(parameter)
    return vae


def posterior_of(vae: VAE) -> BernoulliPosterior:
    posterior = vae.posteriors["z"]
    assert isinstance(posterior, BernoulliPosterior)
    return posterior


def exact_elbo(vae: VAE, x: torch.Tensor) -> torch.Tensor:
    """Σ over the four codes of q(z | x) (log p(x, z) − log q(z | x)) for one example."""
    z = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 2)
    q, p = vae.posteriors["z"](vae.features(x), vae.latents.top(), None), vae.latents.top()
    likelihood = vae.walk(lambda name, prior, state: z, (4,))
    log_q = q.log_prob(z)
    return log_q.exp().dot(likelihood.log_prob(x.expand(4, -1)) + p.log_prob(z) - log_q)


@pytest.mark.parametrize("estimator", ["relax", "reinforce"])
def test_the_recipes_gradient_is_that_of_the_exact_elbo(estimator: str) -> None:
    """Bits enumerated against many draws of one example, 5 standard errors of each of the posterior's weights; those
    of the decoder are within 3 %. False alarm 10⁻⁵, and the seed is fixed."""
    vae = model(estimator)
    recipe_turn = build_recipe("bernoulli_latents", SPEC, latents=2, estimator=estimator, samples=2).turns[0]
    x = torch.tensor([[1.0, 0.0, 1.0, 1.0]], dtype=torch.float64)
    own, weights = posterior_of(vae).logits.bias, list(vae.decoder.parameters())
    expected = torch.autograd.grad(-exact_elbo(vae, x), [own, *weights])
    groups = []
    for key in range(20):
        noise = Noise(0, (key,), cut(DRAWS // 20, 1))
        wide = x.expand(DRAWS // 20, -1)
        loss = recipe_turn.losses(vae, wide, noise, torch.tensor(0.5)).by_player["model"]
        groups.append(torch.autograd.grad(loss, [own, *weights]))
    of_posterior = torch.stack([group[0] for group in groups])
    error = of_posterior.std(0) / 20**0.5
    assert ((of_posterior.mean(0) - expected[0]).abs() < 5 * error).all()
    # Else the test could not fail.
    assert error.norm() < 0.05 * expected[0].norm()
    for place in range(1, len(expected)):
        found = torch.stack([group[place] for group in groups]).mean(0)
        assert (found - expected[place]).norm() < 0.03 * expected[place].norm()


def test_the_control_variate_is_a_player_of_its_own() -> None:
    vae, turn = model("relax"), RELAX(3)
    owned = turn.owned(vae)
    control = posterior_of(vae).control
    assert control is not None
    assert {id(p) for p in owned["control"]} == {id(p) for p in control.parameters()}
    assert len(owned["model"]) + len(owned["control"]) == len(list(vae.parameters()))
    assert not {id(p) for p in owned["model"]} & {id(p) for p in owned["control"]}


def test_it_is_refused_without_bits_or_without_a_control_variate() -> None:
    for vae in (build_recipe("vae", SPEC, latents=2).model, model("reinforce")):
        with pytest.raises(CapabilityError, match="a control variate"):
            RELAX(2).owned(vae)


def test_an_ordinary_objective_knows_no_control_variate() -> None:
    assert as_objective(NLL()).players == ("model",)
