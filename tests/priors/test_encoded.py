"""Priors made of the model's own posteriors: the VampPrior and exemplars."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import kl_divergence

from vaekit.core import VAE
from vaekit.errors import CapabilityError, UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import KL
from vaekit.posteriors import DiagonalGaussian, FullCovarianceGaussian, PointPosterior
from vaekit.priors import DiagonalMixture, ExemplarPrior, NoPrior, VampPrior
from vaekit.priors.encoded import EncodedPrior, evenly_chosen
from vaekit.priors.exemplar import keys_of, own_components
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.model_file import ModelFacts, load_model, save_model

SPEC = DataSpec((1, 8, 8), 17, 0.1)
OPTIONS = {"vamp": {"components": 6}, "exemplar": {"exemplars": 6}}
PRIORS = list(OPTIONS)


def built(recipe: str, **options: object) -> VAE:
    return facts(recipe, **options).build(seed=1).model


def facts(recipe: str, **options: object) -> ModelFacts:
    return ModelFacts(recipe, {"latents": 3, "size": "tiny", **OPTIONS[recipe], **options}, SPEC)


def top(vae: VAE) -> EncodedPrior:
    assert isinstance(vae.latents.top, EncodedPrior)
    return vae.latents.top


def pictures(n: int, seed: int = 0) -> Tensor:
    return torch.randint(17, (n, 1, 8, 8), generator=torch.Generator().manual_seed(seed)) / 16


def test_a_vamp_prior_is_the_mean_of_its_own_posteriors() -> None:
    """p(z) = (1/K) Σ_k q(z | u_k), by the definition, of each component by itself."""
    vae = built("vamp").eval()
    prior = top(vae)
    assert isinstance(prior, VampPrior)
    z = torch.randn(5, 3)
    each = vae.encode(prior.inputs).log_prob(z[:, None])
    torch.testing.assert_close(prior().log_prob(z), each.exp().mean(-1).log(), rtol=1e-4, atol=1e-4)


def test_an_exemplar_prior_has_the_means_of_its_examples_and_one_width() -> None:
    vae = built("exemplar").eval()
    prior = top(vae)
    assert isinstance(prior, ExemplarPrior)
    prior.start(pictures(6))
    with torch.no_grad():
        prior.log_std.fill_(-1.0)
    p = prior()
    assert isinstance(p, DiagonalMixture)
    torch.testing.assert_close(p.means, vae.encode(pictures(6)).mean)
    assert p.stds.unique().item() == pytest.approx(torch.tensor(-1.0).exp().item(), rel=0.05)


@pytest.mark.parametrize("recipe", PRIORS)
def test_encoder_and_posterior_are_shared_and_kept_once(recipe) -> None:
    vae = built(recipe)
    own = [name for name in vae.state_dict() if name.startswith("latents.")]
    wanted = {"vamp": ["raw"], "exemplar": ["exemplars", "log_std"]}[recipe]
    assert sorted(own) == [f"latents.prior.{name}" for name in wanted]
    copied = deepcopy(vae)
    assert top(copied)._shared[0] is copied.encoder is not vae.encoder
    assert top(copied)._shared[1] is copied.posteriors["z"]


@pytest.mark.parametrize("recipe", PRIORS)
def test_the_gradient_reaches_the_encoder_through_the_prior(recipe) -> None:
    vae = built(recipe)
    vae.latents.top().log_prob(torch.randn(4, 3)).sum().backward()
    slope = next(p.grad for p in vae.encoder.parameters())
    assert slope is not None
    assert slope.norm() > 1e-6


@pytest.mark.parametrize("recipe", PRIORS)
def test_in_evaluation_inputs_are_encoded_once_until_something_changes(recipe) -> None:
    vae = built(recipe).eval()
    passes: list[int] = []
    vae.encoder.register_forward_hook(lambda module, x, y: passes.append(len(y)))
    z = torch.randn(2, 3)
    with torch.no_grad():
        first = [vae.latents.top().log_prob(z) for _ in range(3)]
        assert passes == [6]
        for change in (
            lambda: next(vae.encoder.parameters()).add_(0.1),
            lambda: next(vae.posteriors.parameters()).add_(0.1),
            lambda: vae.load_state_dict(built(recipe, activation="tanh").state_dict()),
            lambda: vae.train() and vae.eval(),
        ):
            change()
            passes.clear()
            vae.latents.top()
            assert passes == [6]
        assert torch.equal(first[0], first[2])
    vae.latents.top()
    assert passes == [6, 6]  # where slopes are wanted, nothing is kept


def test_batch_normalisation_sees_no_pseudo_input() -> None:
    vae = build_recipe(
        "vamp", DataSpec((3, 9, 8), 256), latents=3, net="conv", size="tiny", components=5
    ).model
    vae.train()
    before = {name: b.clone() for name, b in vae.encoder.named_buffers()}
    training = {name: m.training for name, m in vae.named_modules()}
    vae.latents.top()
    assert all(torch.equal(before[name], b) for name, b in vae.encoder.named_buffers())
    assert {name: m.training for name, m in vae.named_modules()} == training


@pytest.mark.parametrize("recipe", PRIORS)
def test_they_start_from_examples_all_over_those_given(recipe) -> None:
    x = pictures(13)
    vae = built(recipe)
    top(vae).start(x)
    prior = top(vae)
    assert isinstance(prior, VampPrior | ExemplarPrior)
    inputs = prior.inputs if isinstance(prior, VampPrior) else prior.exemplars
    tolerance = 0.03 if recipe == "vamp" else 0.0
    assert ((inputs - x[[0, 2, 4, 6, 8, 10]]).abs() <= tolerance).all()
    again = built(recipe)
    top(again).start(x)
    assert all(
        torch.equal(a, b)
        for a, b in zip(top(again).state_dict().values(), prior.state_dict().values(), strict=True)
    )
    top(vae).start(x[:2])  # fewer than there are inputs
    assert len(evenly_chosen(x[:2], 6)) == 6


def test_pseudo_inputs_stay_in_the_range_of_the_data() -> None:
    vae = built("vamp")
    prior = top(vae)
    assert isinstance(prior, VampPrior)
    with torch.no_grad():
        prior.raw.mul_(50)
    assert 0 <= prior.inputs.min() <= prior.inputs.max() <= 1
    table = build_recipe("vamp", DataSpec((6,), None), latents=2, components=4).model
    table_prior = top(table)
    assert isinstance(table_prior, VampPrior)
    table_prior.start(torch.full((9, 6), 7.0))
    assert (table_prior.inputs > 6.9).all()


@pytest.mark.parametrize("recipe", PRIORS)
@pytest.mark.parametrize("posterior", ["diagonal", "full_covariance"])
def test_draws_come_from_the_prior_and_not_from_a_standard_normal(recipe, posterior) -> None:
    """Far from the origin, where no draw from N(0, I) falls."""
    vae = built(recipe, posterior=posterior).eval()
    with torch.no_grad():
        q = vae.posteriors["z"]
        assert isinstance(q, DiagonalGaussian | FullCovarianceGaussian)
        q.mean.bias.add_(30.0)
    drawn = vae.latents.top().sample((200,))
    assert (drawn.mean(0) > 20).all()
    seen: list[Tensor] = []
    vae.decoder.register_forward_pre_hook(lambda module, z: seen.append(z[0]))
    vae.generate(50)
    assert (seen[0].mean(0) > 20).all()


@pytest.mark.parametrize("recipe", PRIORS)
def test_the_rate_is_log_q_less_log_p(recipe) -> None:
    vae = built(recipe)
    trace = vae.trace(pictures(4), noise=Noise(0, (), cut(4, 2)))
    site = trace.sites[0]
    expected = site.posterior.log_prob(site.z) - vae.latents.top().log_prob(site.z)
    torch.testing.assert_close(KL()(trace), expected)
    with pytest.raises(NotImplementedError):
        kl_divergence(site.posterior, site.prior)


@pytest.mark.parametrize("recipe", PRIORS)
def test_a_saved_one_comes_back_with_its_inputs(recipe, tmp_path: Path) -> None:
    vae = built(recipe).eval()
    top(vae).start(pictures(10))
    save_model(tmp_path / "m", vae, facts(recipe))
    again, _ = load_model(tmp_path / "m")
    z = torch.randn(5, 3)
    assert torch.equal(vae.latents.top().log_prob(z), again.latents.top().log_prob(z))
    assert top(again)._shared[0] is again.encoder


def test_posteriors_that_cannot_be_mixed_are_refused() -> None:
    prior = VampPrior(torch.nn.Identity(), PointPosterior(6, 0, 2), 2, (6,), 5)
    with pytest.raises(
        CapabilityError, match="mixes Gaussian posteriors, and this model's are of the kind Dirac"
    ):
        prior()


def test_impossible_numbers_are_refused() -> None:
    posterior = PointPosterior(6, 0, 2)
    with pytest.raises(UserError, match="at least one component, got 0"):
        VampPrior(torch.nn.Identity(), posterior, 2, (6,), 0)
    with pytest.raises(UserError, match="at least two exemplars, got 1"):
        ExemplarPrior(torch.nn.Identity(), posterior, 2, (6,), 1)
    assert NoPrior(2) is not None


def test_an_exemplar_is_known_again_in_either_precision() -> None:
    x = pictures(40)
    p = DiagonalMixture(torch.zeros(7), torch.zeros(7, 1), torch.ones(7, 1), keys_of(x[::6]))
    expected = torch.zeros(40, 7, dtype=torch.bool)
    expected[torch.arange(0, 40, 6), torch.arange(7)] = True
    assert torch.equal(own_components(p, x), expected)
    assert torch.equal(own_components(p, x.double()), expected)
    everything = DiagonalMixture(torch.zeros(2), torch.zeros(2, 1), torch.ones(2, 1), keys_of(x[[0, 0]]))
    assert not own_components(everything, x[:1]).any()
    keyless = DiagonalMixture(torch.zeros(2), torch.zeros(2, 1), torch.ones(2, 1))
    assert not own_components(keyless, x).any()
