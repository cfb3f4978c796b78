"""A model whose codes are the data themselves, q(z | x) = N(x, s² I), so that the aggregate posterior is known."""

from copy import deepcopy
from math import sqrt
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation import bounds, evaluate
from vaekit.evaluation.measures import native
from vaekit.posteriors import DiagonalGaussian
from vaekit.priors import GaussianMixturePrior, GaussianPrior, SparsePrior, StandardNormal
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.fit_prior import draw_codes, fit_prior

STD = 0.3
WEIGHTS = torch.tensor([0.3, 0.7])
MEANS = torch.tensor([[-2.0, 0.0], [1.5, 1.0]])
COVARIANCES = torch.tensor([[[0.5, 0.3], [0.3, 0.4]], [[0.2, 0.0], [0.0, 1.0]]])


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.training.candidates.COMPONENTS", (1, 2, 5))


def planted(added: float = 0.0) -> MixtureSameFamily:
    covariances = COVARIANCES + added * torch.eye(2)
    return MixtureSameFamily(Categorical(WEIGHTS), MultivariateNormal(MEANS, covariances))


@torch.no_grad()
def identity(dimensions: int, weight: float = 1.0, std: float = STD) -> VAE:
    vae = build_recipe("linear_vae", DataSpec((dimensions,), None), latents=dimensions).model
    posterior = cast(DiagonalGaussian, vae.posteriors["z"])
    posterior.mean.weight.copy_(weight * torch.eye(dimensions))
    posterior.mean.bias.zero_()
    cast(Parameter, posterior.log_std).fill_(torch.tensor(std).log())
    return vae.eval()


def examples(x: Tensor, seed: int = 0) -> Examples:
    return Examples(x, 1.0, False, seed)


def mixture_splits() -> tuple[Examples, Examples]:
    return examples(planted().sample((3000,))), examples(planted().sample((1000,)))


def test_codes_are_draws_from_the_aggregate_posterior() -> None:
    """Mean and covariance of x plus s² I; x is known, so only the noise counts: 5 s.e., false alarm 4e-6."""
    x = planted().sample((100,))
    z = draw_codes(identity(2), examples(x), most=20_000, fewest=10_000).flatten(0, 1)
    assert z.shape == (10_000, 2)
    assert ((z.mean(0) - x.mean(0)).abs() < 5 * STD / sqrt(10_000)).all()
    squares = (z.mean(0) - x.mean(0)).square() + z.var(0) - x.var(0, correction=0)
    assert ((squares - STD**2).abs() < 5 * (2 * STD**4 + 4 * STD**2 * x.var(0)).sqrt() / sqrt(10_000)).all()
    assert len(torch.unique(z, dim=0)) == 10_000


@pytest.mark.parametrize(("n", "count"), [(100, 300), (299, 598), (300, 300), (900, 500)])
def test_codes_are_neither_too_few_nor_too_many(n: int, count: int) -> None:
    z = draw_codes(
        identity(2), examples(torch.randn(n, 2)), most=500 if n == 900 else 1000, fewest=300
    ).flatten(0, 1)
    assert len(z) == count


def test_a_planted_mixture_is_found() -> None:
    """E_q log p of the truth, 11 parameters off at most: 11/2N = 0.002 nats expected, 0.02 allowed."""
    vae, (train, validation) = identity(2), mixture_splits()
    fitted, chosen = fit_prior(vae, train, validation, "gmm")
    fresh = draw_codes(vae, examples(planted().sample((5000,)), seed=9), 5000, 5000).flatten(0, 1)
    truth = planted(STD**2)
    excess = (truth.log_prob(fresh) - fitted.latents.top().log_prob(fresh)).mean()
    assert excess < 0.02
    assert isinstance(fitted.latents.top, GaussianMixturePrior)
    assert chosen.prior is fitted.latents.top
    assert chosen.gain == pytest.approx(
        (fitted.latents.top().log_prob(fresh) - StandardNormal(2)().log_prob(fresh)).mean().item(), abs=0.1
    )


def test_a_gaussian_has_the_moments_of_the_codes() -> None:
    vae, (train, validation) = identity(2), mixture_splits()
    fitted, chosen = fit_prior(vae, train, validation, "gaussian")
    z = draw_codes(vae, train, 20_000, 10_000).flatten(0, 1)
    prior = fitted.latents.top
    assert isinstance(prior, GaussianPrior)
    torch.testing.assert_close(prior.mean, z.mean(0))
    torch.testing.assert_close(prior().covariance_matrix, torch.cov(z.T), rtol=0, atol=1e-5)
    assert chosen.name == "full-covariance Gaussian"


def test_a_mixture_beats_a_gaussian_where_there_are_two_clusters() -> None:
    vae, (train, validation) = identity(2), mixture_splits()
    gains = [fit_prior(vae, train, validation, kind)[1].gain for kind in ("standard", "gaussian", "gmm")]
    assert gains[0] == 0 < gains[1] < gains[2] - 0.1


@pytest.mark.parametrize("kind", ["gaussian", "gmm"])
def test_codes_that_are_standard_normal_keep_it(kind: str) -> None:
    """q = N(0, I): 230 parameters for nothing lose 0.0115 nats, 3.4 s.e. on validation; false alarm 3e-4."""
    vae = identity(20, weight=0.0, std=1.0)
    fitted, chosen = fit_prior(vae, examples(torch.zeros(200, 20)), examples(torch.zeros(50, 20), 1), kind)
    assert (chosen.name, chosen.gain) == ("standard normal", 0.0)
    assert isinstance(fitted.latents.top, StandardNormal)


@pytest.mark.parametrize("kind", ["gaussian", "gmm"])
def test_a_prior_that_does_not_carry_over_is_not_kept(kind: str) -> None:
    """Training codes far from those of validation: whatever fits them loses to N(0, I) there."""
    train, validation = examples(torch.randn(300, 2) / 10 + 5), examples(torch.randn(300, 2))
    assert fit_prior(identity(2), train, validation, kind)[1].name == "standard normal"


def test_standard_is_put_back() -> None:
    vae, (train, validation) = identity(2), mixture_splits()
    fitted, _ = fit_prior(vae, train, validation, "gaussian")
    again, chosen = fit_prior(fitted, train, validation, "standard")
    assert isinstance(again.latents.top, StandardNormal)
    assert chosen.gain == 0


@pytest.mark.parametrize("kind", ["gaussian", "gmm"])
def test_the_model_given_is_not_changed(kind: str) -> None:
    vae, (train, validation) = identity(2), mixture_splits()
    vae.train()
    before = deepcopy(vae.state_dict())
    fitted, _ = fit_prior(vae, train, validation, kind)
    assert isinstance(vae.latents.top, StandardNormal)
    assert vae.training
    assert not fitted.training
    assert vae.state_dict().keys() == before.keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())


def test_fitting_is_seeded_and_leaves_the_global_generator() -> None:
    vae, (train, validation) = identity(2), mixture_splits()
    state = torch.get_rng_state()
    one, two = (fit_prior(vae, train, validation, "gmm", seed=3)[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(one.latents.buffers(), two.latents.buffers(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", ["gaussian", "gmm"])
def test_the_bound_improves_by_the_gain(kind: str) -> None:
    """−ELBO before less after is E_q log p_fitted − log p on the same split; limit 5 s.e. of both estimates."""
    vae, (train, validation) = identity(2), mixture_splits()
    fitted, chosen = fit_prior(vae, train, validation, kind)
    spec = DataSpec((2,), None)
    rates = [bounds(model, validation, {"density": native})[0] for model in (vae, fitted)]
    error = (rates[0] - rates[1]).std().item() / sqrt(1000)
    before, after = (evaluate(model, validation, spec, importance_samples=1) for model in (vae, fitted))
    gained = before.value("-ELBO") - after.value("-ELBO")
    assert error < 0.1
    assert abs(gained - chosen.gain) < 5 * error * sqrt(2)
    bits = before.value("-ELBO", unit="bits/dim") - after.value("-ELBO", unit="bits/dim")
    assert bits == pytest.approx(gained / (2 * 0.6931471805599453), abs=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "gmm"])
def test_a_hierarchy_gets_its_top_site_fitted(kind: str) -> None:
    vae = build_recipe("hierarchical_vae", DataSpec((6,), None), latents=4, hidden=(8,)).model
    with torch.no_grad():
        for parameter in vae.posteriors["z2"].parameters():
            parameter.mul_(3).add_(0.5)
    conditional = deepcopy(vae.latents.state_dict())
    fitted, chosen = fit_prior(vae, examples(torch.randn(500, 6)), examples(torch.randn(200, 6), 1), kind)
    assert chosen.gain > 0.1
    assert fitted.latents.top is chosen.prior
    assert fitted.latents.top().event_shape == (2,)
    state = fitted.latents.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in conditional.items())


def test_one_latent_dimension_is_enough() -> None:
    train, validation = examples(torch.randn(300, 1) * 2 + 1), examples(torch.randn(300, 1) * 2 + 1)
    for kind in ("gaussian", "gmm"):
        fitted, chosen = fit_prior(identity(1), train, validation, kind)
        assert chosen.gain > 0.1
        assert fitted.generate(5).batch_shape == (5,)


def test_an_unknown_kind_comes_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no prior is called gausian; did you mean gaussian"):
        fit_prior(identity(2), *mixture_splits(), "gausian")


def test_a_model_that_diverged_is_refused() -> None:
    train, validation = mixture_splits()
    with pytest.raises(UserError, match="codes are not finite"):
        fit_prior(identity(2, weight=float("nan")), train, validation, "gmm")


def test_codes_of_two_splits_have_noise_of_their_own() -> None:
    """A dead dimension's code is pure noise: shared noise would make held-out codes copies of training codes.

    With 400 × 4 independent draws the correlation has standard error 1/40; 4.5 of them are a false alarm of 7e-6.
    """
    recipe = build_recipe("vae", DataSpec((4,), None, 1.0), latents=4)
    for parameter in recipe.model.posteriors.parameters():
        parameter.data.zero_()
    values = torch.zeros(400, 4)
    train, validation = (Examples(values, 1.0, False, 0, stream) for stream in ("train", "validation"))
    a, b = (draw_codes(recipe.model, split, 400, 400).flatten() for split in (train, validation))
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 4.5 / 40


def test_the_error_of_a_gain_is_over_examples_not_over_draws() -> None:
    """Draws of one example are dependent: R of them make R·N rows, but N numbers to average."""
    recipe = build_recipe("vae", DataSpec((4,), None, 1.0), latents=2)
    examples = Examples(
        torch.randn(30, 4, generator=torch.Generator().manual_seed(0)), 1.0, False, 0, "train"
    )
    assert draw_codes(recipe.model, examples, 10_000, 300).shape == (10, 30, 2)


def sparse(x: Tensor) -> tuple[VAE, Examples, Examples]:
    """Codes that are draws from the sparse prior itself, which nothing fitted to them can beat."""
    vae = identity(2, std=0.01)
    vae.latents.replace_top(SparsePrior(2))
    return vae, examples(x[:1500]), examples(x[1500:], 1)


def test_another_prior_must_beat_the_one_the_model_was_trained_with() -> None:
    vae, train, validation = sparse(SparsePrior(2)().sample((2500,)))
    for kind in ("gaussian", "standard"):
        fitted, chosen = fit_prior(vae, train, validation, kind)
        assert isinstance(fitted.latents.top, SparsePrior)
        assert (chosen.gain, chosen.plain) == (0.0, "the prior it was trained with")
    shifted = SparsePrior(2)().sample((1500,)) + 3
    fitted, chosen = fit_prior(vae, examples(shifted[:1000]), examples(shifted[1000:], 1), "gaussian")
    assert isinstance(fitted.latents.top, GaussianPrior)
    own = float((fitted.latents.top().log_prob(shifted) - SparsePrior(2)().log_prob(shifted)).mean())
    assert chosen.gain == pytest.approx(own, rel=0.1)
    again, _ = fit_prior(fitted, train, validation, "standard", own=SparsePrior(2))
    assert isinstance(again.latents.top, SparsePrior)


def test_an_autoencoder_takes_the_best_of_those_that_are_tried() -> None:
    vae = build_recipe("ae", DataSpec((2,), None), latents=2, net="linear").model.eval()
    train, validation = examples(torch.randn(400, 2)), examples(torch.randn(100, 2), 1)
    fitted, chosen = fit_prior(vae, train, validation, "gaussian")
    assert isinstance(fitted.latents.top, GaussianPrior)
    assert "of the codes' log-density" in chosen.sentence()
    with pytest.raises(UserError, match=r"not trained to have codes like draws from N\(0, I\)"):
        fit_prior(vae, train, validation, "standard")
    with pytest.raises(UserError, match=r"not trained to have codes"):
        fit_prior(fitted, train, validation, "standard", own=vae.latents.top)
