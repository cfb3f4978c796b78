"""What the recipes of discrete and of positive latents promise beyond the contract of all recipes."""

from math import log

import pytest
import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.annealed import annealed_bound
from vaekit.evaluation.annealing import Annealing
from vaekit.evaluation.holes import holes
from vaekit.noise import Noise, cut
from vaekit.objectives import NLL, Capacity, Objective, iwae_bound
from vaekit.recipes.recipe import build_recipe
from vaekit.report import explore
from vaekit.report.explore import traverse
from vaekit.spec import DataSpec
from vaekit.training.fit_prior import best_prior, fit_prior

SPEC = DataSpec((1, 4, 4), levels=2)
X = torch.ones(6, 1, 4, 4)
NOISE = Noise(0, (), cut(6, 2))


@pytest.mark.parametrize("recipe", ["categorical_vae", "joint_vae"])
def test_relaxed_in_training_and_one_hot_in_all_that_measures(recipe: str) -> None:
    model = build_recipe(recipe, SPEC, latents=3, categories=4).model
    for training in (True, False):
        z = model.train(training).trace(X, (5,), noise=NOISE).sites[-1].z
        assert bool(((z == 0) | (z == 1)).all()) != training
        torch.testing.assert_close(z.unflatten(-1, (-1, 4)).sum(-1), torch.ones(5, 6, z.shape[-1] // 4))


def test_the_joint_objective_is_equation_7() -> None:
    recipe = build_recipe("joint_vae", SPEC, latents=3, categories=4, gamma=7.0, capacity=2.0, over=0.5)
    trace = recipe.model.trace(X, noise=NOISE)
    gaussian, categorical = (site.kl() for site in trace.sites)
    (turn,) = recipe.turns
    assert isinstance(turn, Objective)
    loss = turn.losses(recipe.model, X, NOISE, torch.tensor(0.25)).by_player["model"]
    expected = NLL()(trace) + 7 * (gaussian - 1.0).abs() + 7 * (categorical - log(4) / 2).abs()
    torch.testing.assert_close(loss, expected.mean())
    assert turn.settled == 0.5
    assert turn.per_example
    assert {w.term.name for w in turn.terms} == {
        "nll",
        Capacity(1, 1, 0, ("z",)).name,
        Capacity(1, 1, 0, ("c",)).name,
    }


@pytest.mark.parametrize(
    ("recipe", "options", "sentence"),
    [
        ("joint_vae", {"capacity_categorical": 3.0}, "hold 2.303 nats: capacity_categorical cannot be 3"),
        ("joint_vae", {"variables": 0}, "at least one variable of at least 2 categories, got 0 of 10"),
        ("categorical_vae", {"categories": 1}, "at least 2 categories, got 16 of 1"),
        ("categorical_vae", {"temperature": 0.0}, "a temperature is above 0, got 0"),
        ("gamma_vae", {"concentration": 0.1}, "a concentration of at least 0.2"),
        ("gamma_vae", {"rate": 0.0}, "a rate above 0"),
        ("bernoulli_latents", {"samples": 1}, "samples must be at least 2, got 1"),
        ("bernoulli_latents", {"samples": 0, "estimator": "relax"}, "at least one sample, got 0"),
        ("bernoulli_latents", {"estimator": "relaxed"}, "no estimator is called relaxed; did you mean relax"),
    ],
)
def test_impossible_options_are_refused(recipe: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_recipe(recipe, SPEC, **options)


@pytest.fixture(params=["bernoulli_latents", "categorical_vae"])
def discrete(request: pytest.FixtureRequest) -> VAE:
    return build_recipe(request.param, SPEC, latents=3, hidden=(8,)).model.eval()


def examples(stream: str) -> Examples:
    values = torch.randint(2, (60, 1, 4, 4), generator=torch.Generator().manual_seed(1))
    return Examples(values.to(torch.uint8), 1.0, False, stream=stream)


@pytest.mark.parametrize("kind", ["gaussian", "gmm", "flow"])
def test_no_density_is_fitted_to_discrete_codes(discrete: VAE, kind: str) -> None:
    assert best_prior(discrete) == "standard"
    with pytest.raises(UserError, match=f"are bits or classes: use --prior standard, not {kind}"):
        fit_prior(discrete, examples("train"), examples("validation"), kind)


def test_what_needs_a_continuous_space_is_refused(discrete: VAE) -> None:
    with pytest.raises(
        CapabilityError, match="codes are discrete: between them there is nothing, hence no hole"
    ):
        holes(discrete, examples("train"), examples("test"))
    with pytest.raises(CapabilityError, match="site z has values in"):
        annealed_bound(discrete, examples("test"), options=Annealing(2, 3))
    with pytest.raises(CapabilityError, match="discrete codes have no dimensions to move along"):
        traverse(discrete, X)


def test_the_bound_of_many_draws_nears_the_evidence_by_enumeration() -> None:
    """Eight codes are summed over; IWAE with 4,000 draws lies within .02 nat, the ELBO further below."""
    model = build_recipe("bernoulli_latents", SPEC, latents=3, hidden=(8,)).model.eval()
    with torch.no_grad():
        z = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
        likelihood = model.walk(lambda name, prior, state: z, (8,))
        joint = torch.stack([likelihood.log_prob(x.expand(8, 1, 4, 4)) for x in X])
        exact = (joint + model.latents.top().log_prob(z)).logsumexp(-1)
        log_weight = model.trace(X, (4000,), noise=NOISE).log_weight()
        assert (iwae_bound(log_weight) - exact).abs().max() < 0.02
        assert (log_weight.mean(0) < exact).all()


def test_a_traversal_of_positive_latents_stays_positive(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_recipe("gamma_vae", SPEC, latents=3, hidden=(8,)).model.eval()
    moved: list[torch.Tensor] = []
    monkeypatch.setattr(
        explore, "decode", lambda vae, values: moved.append(values["z"]) or torch.zeros(39, 1, 4, 4)
    )
    explore.traverse(model, torch.rand(20, 1, 4, 4))
    assert moved[0].min() == 0
    assert moved[0].max() > 1
