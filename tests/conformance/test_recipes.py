"""One contract that every recipe keeps, on pictures of 2, 17 and 256 levels and of floats, and on vectors."""

from copy import deepcopy
from dataclasses import dataclass, field
from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE
from vaekit.errors import CapabilityError, UserError
from vaekit.nets import uses_batch_statistics
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, NLL, Objective
from vaekit.priors import GaussianMixturePrior
from vaekit.recipes import RECIPES, parameters_of
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import DataSpec

SPECS = {
    "binary": DataSpec((1, 8, 8), levels=2, variance=0.2),
    "17 levels": DataSpec((1, 8, 8), levels=17, variance=0.1),
    "grey": DataSpec((1, 8, 8), levels=None, variance=0.08),
    "vectors": DataSpec((6,), levels=None, variance=1.0),
    "colour": DataSpec((3, 12, 10), levels=256, variance=0.08),
}
# What the options add to the recipes' defaults.
VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    "vae, continuous Bernoulli": ("grey", {"likelihood": "continuous_bernoulli"}),
    "vae, logistic": ("colour", {"likelihood": "logistic"}),
    "vae, logistic mixture": ("17 levels", {"likelihood": "logistic_mixture"}),
    "vae, learned sigma": ("vectors", {"sigma": "learned"}),
    "vae, sigma per dimension": ("colour", {"sigma": "per_dimension"}),
    "vae, fixed sigma": ("17 levels", {"sigma": 0.2}),
    "vae, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "vae, free bits": ("17 levels", {"free_bits": 0.1}),
    "vae, cycles": ("vectors", {"cycles": 4}),
    "vae, no warm-up": ("vectors", {"warmup": 0.0}),
    "vae, conv": ("colour", {"net": "conv"}),
    "vae, resnet": ("colour", {"net": "resnet"}),
    "iwae, full covariance": ("binary", {"posterior": "full_covariance"}),
    "hierarchical_vae, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "hierarchical_vae, more at the top": ("vectors", {"top_latents": 5, "state": 7}),
}
BATCH = 8
SHARDS = cut(BATCH, 4)
NOISE = Noise(0, (3,), SHARDS)
HALFWAY = torch.tensor(0.5)


@dataclass(frozen=True)
class Case:
    recipe: str
    spec: DataSpec
    options: dict[str, object] = field(default_factory=dict)

    def build(self, seed: int = 0) -> Recipe:
        """The recipe at a generic point: zero-initialised layers would hide a missing gradient."""
        torch.manual_seed(seed)
        defaults: dict[str, object] = {"latents": 3, "size": "tiny"}
        if self.recipe == "mse_vae" and not self.spec.is_image:
            defaults["net"] = "mlp"
        known = parameters_of(self.recipe)
        options = {name: value for name, value in defaults.items() if name in known} | self.options
        recipe = build_recipe(self.recipe, self.spec, **options)
        with torch.no_grad():
            for parameter in recipe.model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return recipe

    def data(self, n: int = BATCH) -> Tensor:
        x = torch.rand(n, *self.spec.shape, generator=torch.Generator().manual_seed(1))
        steps = None if self.spec.levels is None else self.spec.levels - 1
        return x if steps is None else (x * steps).round() / steps


CASES = {f"{recipe}, {data}": Case(recipe, spec) for recipe in RECIPES for data, spec in SPECS.items()}
CASES |= {name: Case(name.split(", ")[0], SPECS[data], options) for name, (data, options) in VARIANTS.items()}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def objectives(recipe: Recipe) -> list[Objective]:
    assert recipe.turns
    assert all(isinstance(turn, Objective) for turn in recipe.turns)
    return [turn for turn in recipe.turns if isinstance(turn, Objective)]


def all_losses(recipe: Recipe, x: Tensor, noise: Noise = NOISE) -> Tensor:
    progress = HALFWAY.to(x.dtype)
    losses = [turn.losses(recipe.model, x, noise, progress).by_player for turn in recipe.turns]
    return torch.stack([loss for by_player in losses for loss in by_player.values()])


def values_of_sites(vae: VAE, n: int, seed: int = 5) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {site: torch.randn(n, d, generator=generator) for site, d in vae.latents.sites.items()}


@pytest.mark.parametrize("sample_shape", [(), (3,), (2, 3)])
def test_every_draw_of_every_example_has_its_numbers(case: Case, sample_shape: tuple[int, ...]) -> None:
    vae, x = case.build().model, case.data()
    trace = vae.trace(x, sample_shape, noise=NOISE)
    shape = (*sample_shape, BATCH)
    assert [site.name for site in trace.sites] == list(vae.latents.sites)
    for site in trace.sites:
        assert site.z.shape == (*shape, vae.latents.sites[site.name])
        for value in (site.log_p, site.log_q, site.kl()):
            assert value.shape == shape
            assert value.isfinite().all()
    assert trace.log_likelihood.shape == trace.log_weight().shape == shape
    assert trace.log_likelihood.isfinite().all()
    assert trace.likelihood.event_shape == vae.shape == case.spec.shape


def test_losses_and_scalars_are_finite_numbers(case: Case) -> None:
    recipe = case.build()
    for turn in recipe.turns:
        losses = turn.losses(recipe.model, case.data(), NOISE, HALFWAY)
        assert tuple(losses.by_player) == turn.players
        for value in (*losses.by_player.values(), *losses.scalars.values()):
            assert value.shape == ()
            assert value.isfinite()


def test_a_gradient_reaches_every_parameter(case: Case) -> None:
    recipe = case.build()
    all_losses(recipe, case.data()).sum().backward()
    for name, parameter in recipe.model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("name", [name for name in CASES if "free bits" not in name])
def test_an_example_costs_the_same_in_any_batch(name: str) -> None:
    recipe, x = CASES[name].build(), CASES[name].data()
    if uses_batch_statistics(recipe.model):
        recipe.model.eval()
    for objective in objectives(recipe):
        assert objective.per_example

        def cost(x: Tensor, noise: Noise, objective: Objective = objective) -> Tensor:
            trace = recipe.model.trace(x, objective.sample_shape, noise=noise)
            return objective.value(trace, HALFWAY)[0]

        half = BATCH // 2
        first = cost(x[:half], Noise(0, (3,), SHARDS[:2]))
        second = cost(x[half:], Noise(0, (3,), SHARDS[2:]))
        torch.testing.assert_close(torch.cat([first, second]), cost(x, NOISE), rtol=1e-5, atol=1e-4)


def test_the_seed_decides_everything(case: Case) -> None:
    x = case.data()
    first, second = all_losses(case.build(), x), all_losses(case.build(), x)
    assert torch.equal(first, second)
    assert not torch.equal(all_losses(case.build(), x, Noise(0, (4,), SHARDS)), first)
    assert not torch.equal(all_losses(case.build(seed=1), x), first)


def test_generation_uses_the_values_given(case: Case) -> None:
    vae = case.build().model.eval()
    z = values_of_sites(vae, BATCH)

    def given(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        return z[name]

    expected = vae.likelihood.centre(vae.walk(given, (BATCH,)))
    for key in (0, 1):
        p = vae.generate(BATCH, z, noise=Noise(0, (key,), SHARDS))
        torch.testing.assert_close(vae.likelihood.centre(p), expected)
    for site in z:
        moved = vae.generate(BATCH, z | {site: z[site] + 1})
        assert (vae.likelihood.centre(moved) != expected).any(), site


def test_generation_draws_pictures_of_the_data_s_shape(case: Case) -> None:
    vae = case.build().model.eval()
    for temperature in (1.0, 0.5):
        p = vae.generate(5, temperature=temperature)
        assert p.batch_shape == (5,)
        assert p.sample().shape == vae.likelihood.centre(p).shape == (5, *case.spec.shape)


def test_encoding_and_reconstruction_have_their_shapes(case: Case) -> None:
    vae, x = case.build().model.eval(), case.data()
    assert vae.encode(x).batch_shape == (BATCH,)
    assert vae.encode(x).event_shape == (next(iter(vae.latents.sites.values())),)
    assert vae.reconstruct(x).shape == x.shape
    torch.testing.assert_close(vae.reconstruct(x), vae.reconstruct(x))


def test_a_saved_model_is_the_model(case: Case) -> None:
    first, second, x = case.build().model.eval(), case.build(seed=1).model.eval(), case.data()
    before = second.trace(x, noise=NOISE).log_weight()
    second.load_state_dict(first.state_dict())
    expected = first.trace(x, noise=NOISE).log_weight()
    torch.testing.assert_close(second.trace(x, noise=NOISE).log_weight(), expected)
    assert not torch.equal(before, expected)


def test_single_precision_agrees_with_double(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Noise._draw

    def in_single(self: Noise, kind, name, shape, batch_axis, like: Tensor) -> Tensor:
        return drawn(self, kind, name, shape, batch_axis, like.float()).to(like.dtype)

    monkeypatch.setattr(Noise, "_draw", in_single)
    recipe, x = case.build(), case.data()
    model = deepcopy(recipe.model).double()
    double = Recipe(model, recipe.turns)
    expected = all_losses(double, x.double())
    assert expected.dtype == torch.float64
    torch.testing.assert_close(all_losses(recipe, x).double(), expected, rtol=1e-4, atol=0)


def test_closed_forms_are_means_of_monte_carlo(case: Case) -> None:
    """E log w = ELBO and E (log q − log p) = KL, compared draw by draw, so the likelihood's noise cancels.

    Limit 4 standard errors: false alarm 6·10⁻⁵ for each of the 3 examples, and the seed is fixed.
    """
    vae, n = case.build().model.eval(), 400
    with torch.no_grad():
        trace = vae.trace(case.data(3), (n,), noise=Noise(0, (0,), cut(3, 3)))
        difference = -trace.log_ratio() - trace.kl()
        error = difference.std(0) / sqrt(n)
        assert (error > 0).all()
        assert (difference.mean(0).abs() < 4 * error).all()
        elbo = -(NLL() + KL()).value(trace, HALFWAY)[0]
        assert ((trace.log_weight().mean(0) - elbo).abs() < 4 * error + 1e-4 * elbo.abs()).all()


def test_a_fitted_mixture_prior_serves_every_recipe(case: Case) -> None:
    """The KL of its site is then a Monte-Carlo value, and temperature is refused."""
    vae, x = case.build().model.eval(), case.data()
    d = next(iter(vae.latents.sites.values()))
    prior = GaussianMixturePrior(torch.ones(2) / 2, torch.randn(2, d), torch.eye(d).expand(2, d, d))
    vae.latents.replace_top(prior)
    top = vae.trace(x, (3,), noise=NOISE).sites[0]
    torch.testing.assert_close(top.kl(), top.log_q - prior().log_prob(top.z))
    assert vae.generate(4).batch_shape == (4,)
    with pytest.raises(CapabilityError, match="temperature of a MixtureSameFamily is not defined"):
        vae.generate(4, temperature=0.7)


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_latents_are_refused(recipe: str) -> None:
    with pytest.raises(UserError, match="at least one latent dimension, got --latents 0"):
        build_recipe(recipe, SPECS["17 levels"], latents=0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_misspelt_option_is_refused_with_the_right_one(recipe: str) -> None:
    with pytest.raises(UserError, match=f"recipe {recipe} has no option latens; did you mean latents\\?"):
        build_recipe(recipe, SPECS["17 levels"], latens=2)


@pytest.mark.parametrize("recipe", [name for name in RECIPES if "likelihood" in parameters_of(name)])
def test_a_bernoulli_of_many_levels_is_refused(recipe: str) -> None:
    """By its levels, or by mse_vae because its weight fixes the likelihood."""
    with pytest.raises(UserError, match=r"two levels, these have 17|fixes its likelihood by its weight"):
        build_recipe(recipe, SPECS["17 levels"], likelihood="bernoulli")
