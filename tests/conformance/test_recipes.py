"""One contract that every recipe of the table keeps, on images of levels and of floats and on vectors.

What a recipe must give or refuse follows from the capabilities of its parts and from what its turns declare.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily, kl_divergence

import vaekit
from tests.conformance.sizes import small
from vaekit.commands import denoise, encode, impute, interpolate, reconstruct, sample, score, traverse
from vaekit.core import VAE, Discrete, Energy, Point, Sequential, Site
from vaekit.data.batches import Examples
from vaekit.distributions import CodeDistribution, Flow, temper_rule
from vaekit.errors import CapabilityError, UserError
from vaekit.latents import CodeLatents
from vaekit.nets import uses_batch_statistics
from vaekit.noise import Noise, Tape, cut
from vaekit.objectives import KL, NLL, During, Objective, SlicedWasserstein, Turn, corruption_of
from vaekit.priors import CodePrior, ConditionalGaussian, GaussianMixturePrior, PixelCNNCodes, Pushforward
from vaekit.recipes import RECIPES, find, parameters_of
from vaekit.recipes.recipe import FOR_START, Recipe, build_recipe
from vaekit.report.explore import has_prior
from vaekit.spec import Column, Condition, DataSpec
from vaekit.told import Told
from vaekit.training.device import engine
from vaekit.training.fit_prior import fit_prior
from vaekit.training.gradients import differentiate
from vaekit.training.launch import environment_of, free_port
from vaekit.training.loop import Trainer
from vaekit.training.metrics import read_metrics
from vaekit.training.model_file import ModelFacts, load_model, save_model
from vaekit.training.options import TrainingOptions
from vaekit.training.run import Run
from vaekit.training.scoring import score_of

SPECS = {
    "binary": DataSpec((1, 8, 8), levels=2, variance=0.2),
    "17 levels": DataSpec((1, 8, 8), levels=17, variance=0.1),
    "grey": DataSpec((1, 8, 8), levels=None, variance=0.08),
    "vectors": DataSpec((6,), levels=None, variance=1.0),
    "colour": DataSpec((3, 9, 8), levels=256, variance=0.08),
    "told": DataSpec((1, 8, 8), 17, 0.1, condition=Condition("labels", ("a", "b", "c"))),
    "gaps": DataSpec((6,), levels=None, variance=1.0, missing=True),
}
TAKES_GAPS = {"missing_data_vae"}
"""The recipes that learn from missing values."""
COLUMNS = (
    Column("real", mean=0.5, std=0.3),
    Column("categorical", 3),
    Column("positive", mean=-1.0, std=1.0),
    Column("count", mean=1.0, std=0.7),
    Column("binary"),
    Column("real", name="last", mean=0.5, std=0.3),
)
TABLES = {
    "counts": DataSpec((6,), levels=None, variance=4.0, whole=True),
    "columns": DataSpec((6,), levels=None, variance=1.0, columns=COLUMNS, whole=False),
}
"""Data that only what is told of them can have."""
EVERYWHERE = ("17 levels", "vectors", "colour", "told")
"""The data on which the whole contract is checked for every recipe."""
REFUSED = {
    ("pixel_vae", "grey"),
    ("pixel_vae", "vectors"),
    ("vq_vae_2", "vectors"),
    ("ms_ssim_vae", "vectors"),
    *((name, "gaps") for name in RECIPES if name not in TAKES_GAPS),
    *((name, "told") for name in ("linear_vae", "ppca", "stacked_dae", "vamp", "exemplar")),
    *((name, data) for name in RECIPES for data in SPECS if find(name).needs_condition and data != "told"),
}
"""The data that a recipe refuses, with a sentence."""
NEEDED: dict[tuple[str, str], dict[str, object]] = {
    ("mse_vae", data): {"net": "mlp"} for data in ("vectors", "gaps")
}
"""What a recipe must be told of some data."""
VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    "vae, Bernoulli": ("binary", {}),
    "vae, floats": ("grey", {}),
    "vae, continuous Bernoulli": ("grey", {"likelihood": "continuous_bernoulli"}),
    "vae, logistic": ("colour", {"likelihood": "logistic"}),
    "vae, logistic mixture": ("17 levels", {"likelihood": "logistic_mixture"}),
    "vae, Laplace": ("colour", {"likelihood": "laplace"}),
    "vae, Laplace, a scale per dimension": ("vectors", {"likelihood": "laplace", "sigma": "per_dimension"}),
    "vae, Student-t": ("17 levels", {"likelihood": "student_t"}),
    "student_t, three degrees of freedom": ("vectors", {"freedom": 3.0}),
    "vae, log-cosh": ("grey", {"likelihood": "log_cosh"}),
    "vae, categorical": ("17 levels", {"likelihood": "categorical"}),
    "vae, Poisson": ("counts", {"likelihood": "poisson"}),
    "vae, negative binomial": ("counts", {"likelihood": "negative_binomial"}),
    "vae, columns": ("columns", {}),
    "iwae, columns": ("columns", {}),
    "vq_vae, columns": ("columns", {}),
    "vae, learned sigma": ("vectors", {"sigma": "learned"}),
    "vae, sigma per dimension": ("colour", {"sigma": "per_dimension"}),
    "vae, sigma by band": ("17 levels", {"sigma": "haar"}),
    "vae, fixed sigma": ("17 levels", {"sigma": 0.2}),
    "vae, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "vae, free bits": ("17 levels", {"free_bits": 0.1}),
    "vae, cycles": ("vectors", {"cycles": 4}),
    "vae, standardised start": ("17 levels", {"standardise": True}),
    "vae, sticking the landing": ("17 levels", {"kl": "sticking_the_landing"}),
    "dreg, full covariance": ("binary", {"posterior": "full_covariance"}),
    "missing_data_vae, gaps": ("gaps", {}),
    "missing_data_vae, nothing hidden": ("vectors", {"hide": 0.0}),
    "missing_data_vae, columns": ("columns", {}),
    "missing_data_vae, categorical": ("17 levels", {"likelihood": "categorical"}),
    "missing_data_vae, Bernoulli": ("binary", {}),
    "vr_bound, best draw": ("17 levels", {"alpha": -math.inf}),
    "beta_tcvae, weighted": ("17 levels", {"estimator": "weighted"}),
    "dip_vae_i, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "dip_vae_ii, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "beta_vae_capacity, full covariance": ("vectors", {"posterior": "full_covariance"}),
    "info_vae, no KL": ("vectors", {"alpha": 1.0, "kernel": "imq"}),
    "wae_mmd, Gaussian kernel": ("17 levels", {"kernel": "rbf"}),
    "swae, more directions": ("vectors", {"directions": 3}),
    "pixel_vae, committed rate": ("17 levels", {"committed_rate": 0.5}),
    "vae, no warm-up": ("vectors", {"warmup": 0.0}),
    "vae, conv": ("colour", {"net": "conv"}),
    "vae, resnet": ("colour", {"net": "resnet"}),
    "ae, conv": ("grey", {"net": "conv"}),
    "dae, salt and pepper": ("binary", {"corruption": "salt_and_pepper"}),
    "stacked_dae, joint": ("17 levels", {"pretraining": 0.0}),
    "disentangled_prior, no distance": ("17 levels", {"alpha": 0.0}),
    "iwae, full covariance": ("binary", {"posterior": "full_covariance"}),
    "nf_vae, radial": ("17 levels", {"flow": "radial"}),
    "nf_vae, radial, conv": ("colour", {"net": "conv", "flow": "radial", "depth": 3}),
    "iwae, planar": ("binary", {"posterior": "planar"}),
    "dreg, radial": ("binary", {"posterior": "radial"}),
    "vae, sticking the landing, iaf": ("17 levels", {"kl": "sticking_the_landing", "posterior": "iaf"}),
    "hierarchical_vae, planar": ("vectors", {"posterior": "planar"}),
    "hierarchical_vae, full covariance": ("17 levels", {"posterior": "full_covariance"}),
    "hierarchical_vae, more at the top": ("vectors", {"top_latents": 5, "state": 7}),
    "vq_vae, codebook by its gradient": ("binary", {"codebook": "gradient"}),
    "vq_vae_2, codebooks by their gradients": ("grey", {"codebook": "gradient"}),
    "pixel_vae, binary": ("binary", {}),
    "categorical_vae, straight-through": ("binary", {"hard": True}),
    "joint_vae, binary": ("binary", {"capacity_categorical": 0.5}),
    "gamma_vae, binary": ("binary", {"concentration": 2.0}),
    "bernoulli_latents, binary": ("binary", {"prior_logits": "fixed"}),
    "bernoulli_latents, VIMCO": ("17 levels", {"estimator": "vimco"}),
    "bernoulli_latents, RELAX": ("17 levels", {"estimator": "relax"}),
    "bernoulli_latents, RELAX, conv": ("binary", {"estimator": "relax", "net": "conv"}),
    "vamp, full covariance": ("binary", {"posterior": "full_covariance"}),
    "vamp, conv": ("colour", {"net": "conv"}),
    "exemplar, conv": ("grey", {"net": "conv"}),
    "flow_prior, spline": ("17 levels", {"flow": "spline"}),
    "flow_prior, iaf": ("17 levels", {"flow": "iaf"}),
    "flow_prior, one latent": ("vectors", {"latents": 1}),
}
"""What the options add to the recipes' defaults."""
BATCH = 8
SHARDS = cut(BATCH, 4)
NOISE = Noise(0, (3,), SHARDS)


@dataclass(frozen=True)
class Case:
    recipe: str
    data: str
    options: dict[str, object] = field(default_factory=dict)

    @property
    def spec(self) -> DataSpec:
        return (SPECS | TABLES)[self.data]

    @property
    def facts(self) -> ModelFacts:
        options = small(self.recipe) | NEEDED.get((self.recipe, self.data), {}) | self.options
        return ModelFacts(self.recipe, options, self.spec)

    def build(self, seed: int = 0) -> Recipe:
        """The recipe at a generic point: zero-initialised layers would hide a missing gradient."""
        torch.manual_seed(seed)
        recipe = build_recipe(self.recipe, self.spec, **self.facts.options)
        with torch.no_grad():
            for parameter in recipe.model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return recipe

    def examples(self, n: int = BATCH) -> Tensor:
        x = torch.rand(n, *self.spec.shape, generator=torch.Generator().manual_seed(1))
        if self.spec.missing:
            x[:, ::2] = x[:, ::2].masked_fill(x[:, ::2] < 0.4, torch.nan)
        if self.spec.columns is not None:
            makers = {
                "categorical": lambda v: (3 * v).floor(),
                "count": lambda v: (8 * v.square()).floor(),
                "binary": torch.round,
                "positive": lambda v: v + 0.01,
            }
            kinds = [column.kind for column in self.spec.columns]
            return torch.stack([makers.get(kind, torch.clone)(x[:, i]) for i, kind in enumerate(kinds)], -1)
        if self.spec.whole:
            return (8 * x.square()).floor()
        steps = None if self.spec.levels is None else self.spec.levels - 1
        x = x if steps is None else (x * steps).round() / steps
        return x if self.spec.condition is None else Told.of(x, self.conditions(n))

    def conditions(self, n: int = BATCH) -> Tensor:
        """The classes in turn."""
        assert self.spec.condition is not None
        return torch.eye(self.spec.condition.size)[torch.arange(n) % self.spec.condition.size]


CASES = {
    f"{recipe}, {data}": Case(recipe, data)
    for recipe in RECIPES
    for data in EVERYWHERE
    if (recipe, data) not in REFUSED
} | {name: Case(name.split(", ")[0], data, options) for name, (data, options) in VARIANTS.items()}
ONCE = {
    name: case
    for name, case in CASES.items()
    if case.data == ("told" if find(case.recipe).needs_condition else EVERYWHERE[0])
}
"""The cases that suffice for what does not depend on the data."""


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def part_of(turn: Turn, x: Tensor) -> Tensor:
    """Half-way through the part of training in which a turn is played."""
    middle = (turn.start + turn.stop) / 2 if isinstance(turn, During) else 0.5
    return torch.tensor(middle, dtype=x.dtype)


def losses_of(turn: Turn, vae: VAE, x: Tensor, noise: Noise = NOISE) -> Tensor:
    losses = turn.losses(vae, x, noise, part_of(turn, x))
    return torch.stack([losses.by_player[player] for player in turn.players])


def all_losses(recipe: Recipe, x: Tensor, noise: Noise = NOISE) -> Tensor:
    return torch.cat([losses_of(turn, recipe.model, x, noise) for turn in recipe.turns])


def values_of_sites(vae: VAE, n: int, seed: int = 5) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {site: torch.randn(n, d, generator=generator) for site, d in vae.latents.sites.items()}


@contextmanager
def refusal() -> Iterator[None]:
    """What is asked for inside is refused with one sentence."""
    with pytest.raises(CapabilityError) as caught:
        yield
    sentence = str(caught.value)
    assert len(sentence) > 20
    assert "\n" not in sentence


def is_mixture(distribution: Distribution) -> bool:
    while isinstance(distribution, Independent):
        distribution = distribution.base_dist
    return isinstance(distribution, MixtureSameFamily)


def draws_directions(recipe: Recipe) -> bool:
    """Whether a term draws something itself, beside the codes."""
    terms = [w.term for turn in recipe.turns if isinstance(turn, Objective) for w in turn.terms]
    return any(isinstance(term, SlicedWasserstein) for term in terms)


def has_rate_per_dimension(site: Site) -> bool:
    pair = (site.posterior, site.prior)
    scalars = [d.base_dist for d in pair if isinstance(d, Independent) and len(d.event_shape) == 1]
    return len(scalars) == 2 and has_closed_form(*scalars)


def has_closed_form(q: Distribution, p: Distribution) -> bool:
    try:
        kl_divergence(q, p)
    except NotImplementedError:
        return False
    return True


def has_temperature(distribution: Distribution) -> bool:
    """Whether a rule is known for the family."""
    while isinstance(distribution, Independent):
        distribution = distribution.base_dist
    return temper_rule.dispatch(type(distribution)) is not temper_rule.dispatch(Distribution)


def is_discrete(vae: VAE) -> bool:
    """Whether the top site has bits or classes, for which no other prior is fitted."""
    return isinstance(vae.posteriors[next(iter(vae.latents.sites))], Discrete)


def fit(vae: VAE) -> None:
    """Put priors in place as `fit_prior` makes them: PixelCNNs of codes, or a mixture."""
    latents = vae.latents
    if isinstance(latents, CodeLatents):
        for site, context in latents.context_channels.items():
            prior = latents.prior_of(site)
            assert isinstance(prior, CodePrior)
            latents.replace(site, PixelCNNCodes(prior.quantiser, prior.grid, context, width=8, layers=1))
        return
    if is_discrete(vae):
        return
    d = next(iter(latents.sites.values()))
    latents.replace_top(
        GaussianMixturePrior(torch.ones(2) / 2, torch.randn(2, d), torch.eye(d).expand(2, d, d))
    )


# What a recipe is.


@pytest.mark.parametrize("data", SPECS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_built_for_all_data_but_those_it_is_known_to_refuse(recipe: str, data: str) -> None:
    case = Case(recipe, data)
    if (recipe, data) not in REFUSED:
        assert case.build().turns
        return
    with pytest.raises(
        UserError, match=r"^[^\n]{20,}: (use --recipe |leave out --condition)|: add --condition"
    ):
        case.build()


@pytest.mark.parametrize("sample_shape", [(), (3,), (2, 3)])
def test_every_draw_of_every_example_has_its_numbers_or_a_refusal(
    case: Case, sample_shape: tuple[int, ...]
) -> None:
    vae, x = case.build().model, case.examples()
    trace = vae.trace(x, sample_shape, noise=NOISE)
    shape = (*sample_shape, BATCH)
    assert [site.name for site in trace.sites] == list(vae.latents.sites)

    def given(value: Tensor) -> None:
        assert value.shape == shape
        assert value.isfinite().all()

    for site in trace.sites:
        assert site.z.shape == (*shape, vae.latents.sites[site.name])
        if sample_shape:
            draws = site.z.flatten(0, len(sample_shape) - 1)
            assert bool((draws == draws[0]).all()) == vae.deterministic
        if isinstance(vae.posteriors[site.name], Point):
            for ask in (site.kl, site.kl_per_dim, lambda site=site: site.log_q):
                with refusal():
                    ask()
        else:
            given(site.log_q)
            given(site.kl())
        if has_prior(vae):
            given(site.log_p)
        else:
            with refusal():
                _ = site.log_p
    assert trace.likelihood.event_shape == vae.shape == case.spec.shape
    if isinstance(vae.likelihood, Energy):
        with refusal():
            _ = trace.log_likelihood
    else:
        given(trace.log_likelihood)
    if vae.lacks_evidence:
        with refusal():
            trace.log_weight()
    else:
        given(trace.log_weight())


def test_what_a_part_lacks_is_refused(case: Case) -> None:
    """A rate per dimension without factors, a mean of codes or of pixels in turn, an evidence of points."""
    vae = case.build().model
    trace = vae.trace(case.examples(), noise=NOISE)
    for site in trace.sites:
        if has_rate_per_dimension(site):
            rates = site.kl_per_dim()
            torch.testing.assert_close(rates.sum(-1), site.kl())
        else:
            with refusal():
                site.kl_per_dim()
        if isinstance(site.prior, CodeDistribution):
            with refusal():
                _ = site.prior.mean
    if isinstance(vae.likelihood, Sequential):
        with refusal():
            _ = trace.likelihood.mean
    else:
        assert trace.likelihood.mean.shape == trace.x.shape
    cannot = any(isinstance(p, Point) for p in vae.posteriors.values()) or isinstance(vae.likelihood, Energy)
    assert (vae.lacks_evidence is not None) == cannot
    assert (vae.likelihood.measure == "none") == isinstance(vae.likelihood, Energy)


def test_losses_and_scalars_are_finite_numbers_of_the_players(case: Case) -> None:
    recipe = case.build()
    for turn in recipe.turns:
        losses = turn.losses(recipe.model, case.examples(), NOISE, torch.tensor(0.5))
        assert tuple(losses.by_player) == turn.players == tuple(turn.owned(recipe.model))
        for value in (*losses.by_player.values(), *losses.scalars.values()):
            assert value.shape == ()
            assert value.isfinite()


def test_a_gradient_reaches_every_parameter_of_every_player(case: Case) -> None:
    """In double precision, where a slope that is zero but for rounding, as of a bias that is normalised away,
    is below 1e-12."""
    recipe, reached = case.build(), set[str]()
    recipe.model.double()
    names = {id(parameter): name for name, parameter in recipe.model.named_parameters()}
    for turn in recipe.turns:
        recipe.model.zero_grad()
        owned = turn.owned(recipe.model)
        x = case.examples().double()
        losses = turn.losses(recipe.model, x, NOISE, part_of(turn, x))
        differentiate(turn, losses.by_player, owned, Tensor.backward)
        for parameter in (p for own in owned.values() for p in own):
            name = names[id(parameter)]
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.norm() > 1e-9, name
            reached.add(name)
    assert reached == set(names.values())


def test_an_example_costs_the_same_in_any_batch_where_that_is_declared(case: Case) -> None:
    recipe, x = case.build(), case.examples()
    if uses_batch_statistics(recipe.model):
        recipe.model.eval()
    for turn in recipe.turns:
        if not turn.per_example:
            continue
        parts = [
            (stop - start) * losses_of(turn, recipe.model, x[start:stop], NOISE.part(start, stop))
            for start, stop in pairwise((0, 1, 3, BATCH))
        ]
        expected = losses_of(turn, recipe.model, x)
        torch.testing.assert_close(torch.stack(parts).sum(0) / BATCH, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ONCE)
def test_only_what_couples_examples_refuses_micro_batches(name: str) -> None:
    recipe = ONCE[name].build()
    examples = Examples(torch.zeros(20, 1, 8, 8, dtype=torch.uint8), 16.0, False)
    options = TrainingOptions(batch_size=4, accumulate=2)
    if all(turn.per_example for turn in recipe.turns):
        assert Trainer(recipe, examples, examples, options, engine("cpu")).steps_per_epoch == 5
        return
    with pytest.raises(UserError, match="sees a whole batch at once"):
        Trainer(recipe, examples, examples, options, engine("cpu"))


def test_the_seed_decides_everything(case: Case) -> None:
    x, recipe = case.examples(), case.build()
    first = all_losses(recipe, x)
    assert torch.equal(first, all_losses(case.build(), x))
    assert not torch.equal(all_losses(case.build(seed=1), x), first)
    is_random = (
        not recipe.model.deterministic or corruption_of(recipe.turns) is not None or draws_directions(recipe)
    )
    assert torch.equal(all_losses(recipe, x, Noise(0, (4,), SHARDS)), first) != is_random
    assert torch.equal(all_losses(recipe, x, Noise(1, (3,), SHARDS)), first) != is_random


def test_single_precision_agrees_with_double(case: Case) -> None:
    recipe, x, tape = case.build(), case.examples(), Tape()
    double = replace(recipe, model=deepcopy(recipe.model).double())
    measured = all_losses(recipe, x, NOISE.on(tape))
    expected = all_losses(double, x.double(), NOISE.on(tape.to(torch.float64)))
    assert expected.dtype == torch.float64
    torch.testing.assert_close(measured.double(), expected, rtol=1e-4, atol=0)
    again = double.model.eval().reconstruct(x.double())
    assert again.dtype == torch.float64
    assert again.isfinite().all()


@pytest.mark.parametrize("name", ONCE)
def test_closed_forms_are_means_of_monte_carlo(name: str) -> None:
    """E log w = ELBO and E (log q − log p) = KL, compared draw by draw, so the likelihood's noise cancels.

    Limit 4 standard errors: false alarm 6·10⁻⁵ for each of the 3 examples, and the seed is fixed.
    """
    vae, n = ONCE[name].build().model.eval(), 400
    if vae.lacks_evidence:
        return  # and is refused the KL, as the numbers of every draw show
    with torch.no_grad():
        trace = vae.trace(ONCE[name].examples(3), (n,), noise=Noise(0, (0,), cut(3, 3)))
        difference = -trace.log_ratio() - trace.kl()
        error = difference.std(0) / sqrt(n)
        # Under a mixture or a flow the KL is itself a Monte-Carlo value, and of one code it is exact.
        is_exact = vae.deterministic or any(
            is_mixture(site.prior) or isinstance(site.prior, Pushforward) or isinstance(site.posterior, Flow)
            for site in trace.sites
        )
        assert bool((error > 0).all()) != is_exact
        assert (difference.mean(0).abs() <= 4 * error).all()
        elbo = -(NLL() + KL()).value(trace, torch.tensor(0.5))[0]
        assert ((trace.log_weight().mean(0) - elbo).abs() < 4 * error + 1e-4 * elbo.abs()).all()


# What a model gives.


def test_generation_uses_the_values_given(case: Case) -> None:
    vae = case.build().model.eval().given(None if case.spec.condition is None else case.conditions())
    z = values_of_sites(vae, BATCH)

    def given(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        return z[name]

    def shown(p: Distribution) -> Tensor:
        """The picture; of what draws x value by value, where few draws differ, its probability of an example."""
        return (
            p.log_prob(case.examples())
            if isinstance(vae.likelihood, Sequential)
            else vae.likelihood.centre(p)
        )

    expected = shown(vae.walk(given, (BATCH,)))
    for key in (0, 1):
        torch.testing.assert_close(shown(vae.generate(BATCH, z, noise=Noise(0, (key,), SHARDS))), expected)
    for site in z:
        assert (shown(vae.generate(BATCH, z | {site: z[site] + 1})) != expected).any(), site
    with pytest.raises(UserError, match="no site"):
        vae.generate(BATCH, {"elsewhere": next(iter(z.values()))})


def test_generation_draws_data_of_the_right_shape_or_says_why_not(case: Case) -> None:
    vae = case.build().model.eval()
    if not has_prior(vae):
        with pytest.raises(CapabilityError, match="vaekit fit-prior RUN"):
            vae.generate(5)
        fit(vae)
    p = vae.generate(5, noise=Noise(0, (), cut(5, 1)))
    assert p.batch_shape == (5,)
    assert p.sample().shape == vae.likelihood.centre(p).shape == (5, *case.spec.shape)
    again = vae.generate(5, noise=Noise(0, (), cut(5, 1)))
    assert torch.equal(vae.likelihood.centre(p), vae.likelihood.centre(again))
    if not all(has_temperature(site.prior) for site in vae.trace(case.examples()).sites):
        with pytest.raises(CapabilityError, match=r"temperature of a \w+ is not defined"):
            vae.generate(5, temperature=0.7)
    else:
        assert vae.generate(5, temperature=0.7).batch_shape == (5,)


def test_encoding_and_reconstruction_have_their_shapes(case: Case) -> None:
    vae, x = case.build().model.eval(), case.examples()
    assert vae.encode(x).batch_shape == (BATCH,)
    assert vae.encode(x).event_shape == (next(iter(vae.latents.sites.values())),)
    assert vae.reconstruct(x).shape == x.shape
    torch.testing.assert_close(vae.reconstruct(x), vae.reconstruct(x))


def test_a_saved_model_is_the_model(case: Case, tmp_path: Path) -> None:
    recipe, x = case.build(), case.examples()
    save_model(tmp_path / "m", recipe.model.eval(), case.facts)
    again, facts = load_model(tmp_path / "m")
    assert facts == case.facts
    assert not any(module.training for module in again.modules())
    assert torch.equal(all_losses(recipe, x), all_losses(replace(recipe, model=again), x))
    assert torch.equal(recipe.model.reconstruct(x), again.reconstruct(x))
    assert not torch.equal(case.build(seed=1).model.eval().reconstruct(x), again.reconstruct(x))


def test_a_fitted_prior_serves_and_is_saved_with_the_model(case: Case, tmp_path: Path) -> None:
    vae, x = case.build().model.eval(), case.examples()
    fit(vae)
    save_model(tmp_path / "m", vae, case.facts)
    again, _ = load_model(tmp_path / "m")
    drawn = [model.generate(4, noise=Noise(0, (), cut(4, 1))) for model in (vae, again)]
    assert torch.equal(*[vae.likelihood.centre(p) for p in drawn])
    top, other = (model.trace(x, (3,), noise=NOISE).sites[0] for model in (vae, again))
    assert torch.equal(top.log_p, other.log_p)
    if not isinstance(vae.posteriors[top.name], Point) and not is_discrete(vae):
        torch.testing.assert_close(top.kl(), top.log_q - vae.latents.top().log_prob(top.z))


# What a recipe refuses to be told.


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_misspelt_option_is_refused_with_the_right_one(recipe: str) -> None:
    for option in ("size", "epsilon"):
        if option in parameters_of(recipe):
            with pytest.raises(
                UserError, match=f"recipe {recipe} has no option {option}e; did you mean {option}\\?"
            ):
                build_recipe(recipe, SPECS["17 levels"], **{option + "e": 1})


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("latents", 0, "at least one latent dimension, got --latents 0"),
        ("codes", 1, "at least 2 codes"),
        ("downsample", 3, "--downsample is 1, 2, 4, 8 or another power of two, got 3"),
        ("likelihood", "bernoulli", r"two levels, these have 17|fixes its likelihood"),
        ("likelihood", "gausian", r"no likelihood is called gausian|fixes its likelihood"),
        ("corruption", "wite", "no corruption is called wite; did you mean white"),
    ],
)
def test_an_impossible_value_is_refused_by_every_recipe_that_has_the_option(
    option: str, value: object, sentence: str
) -> None:
    having = [name for name in RECIPES if option in parameters_of(name)]
    assert having
    for name in having:
        spec = SPECS["told" if find(name).needs_condition else "17 levels"]
        with pytest.raises(UserError, match=sentence):
            build_recipe(name, spec, **{option: value})


# What training makes of a recipe.


@pytest.fixture(scope="module", params=RECIPES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two epochs of each through the public entry, in this process; one run for all tests of it."""
    out = tmp_path_factory.mktemp("runs") / "run"
    options: dict[str, Any] = small(request.param) | {
        "epochs": 2,
        "batch_size": 128,
        "device": "cpu",
        "sheets": 0,
    }
    if find(request.param).needs_condition:
        options |= {"condition": "labels"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.training.forecast._MEASURE_SECONDS", 0.0)
        return vaekit.train("digits", request.param, out=out, quiet=True, **options)


def validation_score(recipe: Recipe, run: Run) -> float:
    """What the best checkpoint has most of, of a model as it stands."""
    train, validation = run.examples("train"), run.examples("validation")
    trainer = Trainer(recipe, train, validation, run.config.training, engine("cpu"))
    with trainer.as_scored(0):
        return score_of(trainer.validation_figures(), recipe.model)


def test_two_epochs_through_the_public_entry_lower_the_loss(run: Run) -> None:
    untrained = run.facts.build(run.config.training.seed)
    if untrained.initialise is not None:
        untrained.initialise(untrained.model, run.examples("train").first(FOR_START))
    rows = read_metrics(run.folder.metrics)
    assert len(rows) == (0 if untrained.closed_form else 2)
    before = validation_score(untrained, run)
    if rows:
        after = score_of(rows[-1], run.vae)
    else:
        after = validation_score(replace(untrained, model=deepcopy(run.vae)), run)
    assert after > before
    if not isinstance(run.vae.likelihood, Sequential):
        # And independently of what the loss is, reconstructions come nearer.
        x = run.examples("validation").first(100)
        errors = [(x - vae.eval().reconstruct(x)).square().mean() for vae in (untrained.model, run.vae)]
        assert errors[1] < errors[0]


def test_a_finished_run_is_measured_as_far_as_its_model_allows(run: Run) -> None:
    found = vaekit.evaluate(run, importance_samples=3)
    nats = [figure for figure in found.figures if figure.unit == "nats"]
    assert all(figure.value == figure.value for figure in found.figures)
    if run.vae.lacks_evidence:
        assert run.vae.lacks_evidence in found.note
        assert nats == []
    else:
        assert ("no squared error" in found.note) == isinstance(run.vae.likelihood, Sequential)
        assert {"-ELBO", "rate (KL)"} <= {figure.name for figure in nats}
    assert found.importance_samples == (1 if run.vae.deterministic or run.vae.lacks_evidence else 3)


def test_a_finished_run_opens_again_as_it_was(run: Run) -> None:
    again = vaekit.load(run.folder.path)
    assert again.facts == run.facts
    x = run.examples("test").first(20)
    assert torch.equal(again.vae.reconstruct(x), run.vae.reconstruct(x))
    state, other = run.vae.state_dict(), again.vae.state_dict()
    assert state.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in state.items())


def test_every_command_takes_a_finished_run_or_says_why_not(run: Run, tmp_path: Path) -> None:
    folder, png = str(run.folder.path), tmp_path / "sheet.png"
    commands = {
        sample: [folder, "-n", "4", "-o", str(png)],
        reconstruct: [folder, "0", "1", "-o", str(png)],
        interpolate: [folder, "0", "1", "--steps", "3", "-o", str(png)],
        traverse: [folder, "-o", str(png)],
        denoise: [folder, "0", "1", "--corrupt", "-o", str(png)],
        encode: [folder, "digits", "-o", str(tmp_path / "codes.npz")],
        score: [folder, "--importance_samples", "3", "-o", str(tmp_path / "scores.csv")],
        impute: [folder, "--hide", "0.3", "--importance_samples", "3", "-o", str(png)],
    }
    refused = {}
    if not has_prior(run.vae):
        refused[sample] = "vaekit fit-prior RUN"
    if isinstance(run.vae.latents, CodeLatents) or is_discrete(run.vae):
        refused[traverse] = "no dimensions to move along"
    if corruption_of(run.facts.build().turns) is None:
        refused[denoise] = "was not trained against noise; train one with --recipe dae"
    factorises = isinstance(run.vae.trace(run.examples("test").first(2)).likelihood, Independent)
    if run.vae.lacks_evidence or not factorises:
        refused[impute] = "this model cannot fill missing values: "
    for command, arguments in commands.items():
        png.unlink(missing_ok=True)
        if command in refused:
            with pytest.raises(UserError, match=refused[command]):
                command.main(arguments)
        else:
            assert command.main(arguments) == 0
            assert png.is_file() or command in (encode, score)
    assert (tmp_path / "codes.npz").is_file()
    by = (tmp_path / "scores.csv").read_text().splitlines()[0].split(",")
    assert ("iwae" in by) == (run.vae.lacks_evidence is None)
    assert ("error" in by) != isinstance(run.vae.likelihood, Sequential)


def test_the_doctor_takes_every_measure_or_says_why_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.diagnosis.checks.posterior.SAMPLES", 10)
    monkeypatch.setattr("vaekit.diagnosis.checks.holes.SAMPLES", 200)
    monkeypatch.setattr("vaekit.evaluation.aggregate.FEWEST_CODES", 200)
    found = vaekit.diagnose(run)
    for finding in found.findings:
        assert finding.note if finding.verdict == "unread" else finding.value and finding.reference
        assert finding.number is None or math.isfinite(finding.number)
        assert finding.advice is None or finding.advice.command.startswith("vaekit ")
    measured = {finding.measure for finding in found.findings if finding.value}
    assert ("active units" in measured) == (not run.vae.deterministic)
    assert ("inference gap" in measured) == (run.vae.lacks_evidence is None and not run.vae.deterministic)
    assert any(name.startswith("code use") for name in measured) == isinstance(run.vae.latents, CodeLatents)


def test_a_prior_of_the_right_kind_is_fitted_and_drawn_from(run: Run) -> None:
    train, validation = run.examples("train"), run.examples("validation")
    right, wrong = (
        ("uniform", "gaussian")
        if isinstance(run.vae.latents, CodeLatents)
        else ("standard", "gaussian")
        if is_discrete(run.vae)
        else ("gaussian", "uniform")
    )
    if isinstance(run.vae.latents.top, ConditionalGaussian):
        with pytest.raises(UserError, match="a prior for each condition"):
            fit_prior(run.vae, train, validation, right)
        return
    with pytest.raises(UserError, match="the latents of this model are"):
        fit_prior(run.vae, train, validation, wrong)
    fitted, prior = fit_prior(run.vae, train, validation, right)
    assert prior.gain >= 0
    assert has_prior(fitted)
    assert fitted.likelihood.centre(fitted.generate(3)).shape == (3, *run.spec.shape)


# Two processes.


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `pair.py` found; one launch for all recipes, a start costs seconds."""
    out = tmp_path_factory.mktemp("pair") / "out.json"
    own = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "NODE_RANK": "0"}
    own |= {"OMP_NUM_THREADS": "1"}
    own["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    worker = [sys.executable, str(Path(__file__).with_name("pair.py")), str(out)]
    processes = [
        subprocess.Popen(worker, env=environment_of(rank, 2, 1, own), stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    return json.loads(out.read_text())


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_processes_give_the_numbers_of_one_or_are_refused(recipe: str, pair: dict[str, Any]) -> None:
    """After 12 steps in double precision, so that nothing but rounding is left; both hold the same bits."""
    data = "told" if find(recipe).needs_condition else "17 levels"
    built, found = Case(recipe, data).build(), pair[recipe]
    if built.closed_form is not None:
        assert "is solved in closed form by one process: leave out --devices" in found["refused"]
    elif not all(turn.per_example for turn in built.turns):
        assert "sees a whole batch at once" in found["refused"]
    else:
        assert found["same"]
        assert found["model"] < 1e-10, found["worst model"]
        # The loss of what has no evidence is exchanged in single precision.
        assert found["figure"] < (1e-6 if built.model.lacks_evidence else 1e-10), found["worst figure"]
