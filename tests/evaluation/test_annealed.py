"""Annealed importance sampling where log p(x) is known, where it sums to one, and where it must be refused."""

import itertools
import sys
from copy import deepcopy
from math import log
from typing import cast

import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.annealed import annealed_bound, bracket, simulated
from vaekit.evaluation.annealing import AnnealedPath, Annealing, Start, check_real
from vaekit.evaluation.bounds import bounds
from vaekit.evaluation.measures import DENSITY, DEQUANTISED, MASS, MASS_BOUND, measures_for, native
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.ppca import PPCA, fit_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.verification.c6_importance import spoil
from vaekit.verification.c20_two_levels import _random_model, exact_vae
from vaekit.verification.linear import SPECTRUM, gaussian_data, optimal_linear_vae

SPEC = DataSpec((len(SPECTRUM),), None)
FALSE_ALARM = 4.5
"""Standard errors; a right program fails one such comparison with probability 7e-6."""


def linear(latents: int = 2) -> tuple[VAE, PPCA]:
    """A linear model whose posterior is shifted and widened."""
    solution = fit_ppca(gaussian_data(400), latents)
    vae = optimal_linear_vae(solution).eval()
    spoil(vae)
    return vae, solution


def assert_mean(values: Tensor, expected: float) -> None:
    """The mean over examples, to 4.5 standard errors that must be small themselves."""
    error = values.std().item() / len(values) ** 0.5
    assert error < 0.1
    assert abs(values.mean().item() - expected) < FALSE_ALARM * error


@pytest.mark.parametrize(("start", "temperatures"), [("posterior", 1), ("posterior", 4), ("prior", 40)])
def test_the_mean_weight_is_the_evidence_at_any_number_of_temperatures(
    start: Start, temperatures: int
) -> None:
    """E w/p(x) = 1 forward, E w p(x) = 1 backward: few temperatures spread the weights and bias nothing."""
    vae, solution = linear()
    options = Annealing(chains=16, temperatures=temperatures, start=start, steps=4)
    found = bracket(vae, SPEC, 150, options)
    _, x, _ = simulated(vae, 150, 0)
    evidence = solution.log_evidence(x)
    assert found.measure == DENSITY
    assert_mean((found.forward - evidence).exp().mean(0), 1.0)
    if start == "posterior":  # From the prior the reverse weights have tails too heavy for a standard error.
        assert_mean((found.reverse + evidence).exp().mean(0), 1.0)


def test_from_the_prior_the_bracket_closes_with_the_temperatures() -> None:
    """AIS ≤ log p ≤ reverse AIS, less than .1 nat apart at 80 temperatures and far at 8."""
    vae, solution = linear(1)
    _, x, _ = simulated(vae, 60, 0)
    evidence = solution.log_evidence(x)
    wide, narrow = (
        bracket(vae, SPEC, 60, Annealing(16, temperatures, "prior", steps=4)) for temperatures in (8, 80)
    )
    for found in (wide, narrow):
        for difference in (evidence - found.lower, found.upper - evidence):
            assert difference.mean() > -FALSE_ALARM * difference.std() / 60**0.5
        torch.testing.assert_close(found.gap, found.upper - found.lower)
    assert narrow.gap.mean() < 0.1
    assert wide.gap.mean() > 0.2
    lower, upper, gap = narrow.figures()
    assert (lower.bound, upper.bound) == ("≤", "≥")
    assert gap.value == pytest.approx(narrow.gap.mean().item())
    assert gap.standard_error == pytest.approx(narrow.gap.std().item() / 60**0.5)


@pytest.mark.parametrize("sees_top", [False, True])
def test_both_levels_of_a_hierarchy_move_together(sees_top: bool) -> None:
    """C20's model has its exact posterior: every weight is p(x). With a shifted one, their mean is."""
    model = _random_model(sees_top)
    vae = exact_vae(model, sees_top).eval()
    _, x, _ = simulated(vae, 100, 1)
    examples = Examples(x, 1.0, False, dtype=torch.float64)
    exact = annealed_bound(vae, examples, options=Annealing(2, 3, steps=2))
    ratios = (exact.log_weights - model.log_evidence(x)).exp()
    torch.testing.assert_close(ratios, torch.ones_like(ratios), rtol=0, atol=1e-8)
    torch.testing.assert_close(exact.ess, torch.full_like(exact.ess, 2.0))
    with torch.no_grad():
        for site in ("z2", "z1"):
            cast(FullCovarianceGaussian, vae.posteriors[site]).mean.bias.add_(0.2)
    shifted = annealed_bound(vae, examples, options=Annealing(16, 6, steps=3))
    ratios = (shifted.log_weights - model.log_evidence(x)).exp()
    assert ratios.std(0).min() > 0.01
    assert_mean(ratios.mean(0), 1.0)


def all_vectors(dimensions: int, levels: int) -> Tensor:
    return torch.tensor(list(itertools.product(range(levels), repeat=dimensions)))


@pytest.mark.parametrize(
    ("levels", "options"),
    [(2, {}), (4, {"likelihood": "gaussian", "sigma": 0.3}), (3, {"likelihood": "logistic"})],
)
def test_the_masses_of_all_examples_sum_to_one(levels: int, options: dict[str, object]) -> None:
    """E Σ_x w(x) = Σ_x p(x) = 1 over every x there is, each weight by 100 chains of 5 temperatures."""
    spec = DataSpec((2, 1, 1), levels, 0.1)
    vae = build_recipe("vae", spec, latents=2, hidden=(8,), **options).model.eval()
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter.mul_(3.0)
    x = all_vectors(2, levels).reshape(-1, 2, 1, 1)
    examples = Examples(x, levels - 1.0, False)
    likelihood = vae.trace(examples.first(1)).likelihood
    name, measure = next(iter(measures_for(vae.likelihood, likelihood, spec).items()))
    assert name == MASS
    found = annealed_bound(vae, examples, measure, Annealing(100, 5, steps=3))
    masses = found.log_weights.exp().sum(1)
    assert masses.std() > 1e-3
    assert_mean(masses, 1.0)


def test_simulated_examples_of_a_mass_lie_on_its_levels() -> None:
    spec = DataSpec((2, 1, 1), 4, 0.1)
    vae = build_recipe("vae", spec, latents=2, hidden=(8,), likelihood="gaussian", sigma=0.3).model.eval()
    found = bracket(vae, spec, 120, Annealing(20, 5, steps=3))
    assert found.measure == MASS
    # p(x) of 16 pictures: the lower bound of each, a mass, is below 0; that of a density is not.
    assert found.lower.max() < 0
    assert len(torch.unique((found.upper * 100).round())) > 10
    assert 0 < found.gap.mean() < 0.5


def test_where_the_mass_is_known_by_dequantisation_the_density_is_bracketed() -> None:
    spec = DataSpec((1, 8, 8), 256, 0.1)
    vae = build_recipe("photo_vae", spec, net="mlp", hidden=(8,), latents=2).model.eval()
    examples = Examples(torch.randint(256, (20, 1, 8, 8)), 255.0, False)
    measures = measures_for(vae.likelihood, vae.trace(examples.first(1)).likelihood, spec)
    options = Annealing(2, 2, steps=1)
    found = {
        name: annealed_bound(vae, examples, measure, options).bound for name, measure in measures.items()
    }
    # The same u and the same chains: both differ by D ln(L − 1).
    difference = found[DEQUANTISED] - found[MASS_BOUND]
    torch.testing.assert_close(difference, torch.full((20,), 64 * log(255)), rtol=0, atol=0.01)
    assert bracket(vae, spec, 10, options).measure == DENSITY


def test_dequantisation_is_that_of_the_bounds() -> None:
    """A narrow likelihood of one latent: its weight depends on u, which must be the same at every temperature."""
    seen: list[Tensor] = []

    def spy(trace, noise):
        seen.append(noise.uniform("dequantise", trace.x.shape, 0, trace.x))
        return native(trace, noise)

    vae, _ = linear()
    examples = Examples(gaussian_data(70), 1.0, False, dtype=torch.float64)
    annealed_bound(vae, examples, spy, Annealing(2, 3, steps=1))
    annealed, seen = seen, []
    bounds(vae, examples, {"": lambda trace, noise: spy(trace, noise)}, 1)
    torch.testing.assert_close(annealed[0], seen[0], rtol=0, atol=0)
    assert all(torch.equal(u, annealed[0]) for u in annealed)


def test_one_temperature_is_the_importance_weighted_bound() -> None:
    vae, solution = linear()
    x = gaussian_data(300)
    examples = Examples(x, 1.0, False, dtype=torch.float64)
    annealed = annealed_bound(vae, examples, options=Annealing(8, 1)).bound - solution.log_evidence(x)
    plain = bounds(vae, examples, {"": native}, 8)[1][""].iwae - solution.log_evidence(x)
    error = ((annealed.var() + plain.var()) / 300).sqrt()
    assert (annealed.mean() - plain.mean()).abs() < FALSE_ALARM * error


@pytest.mark.parametrize("recipe", ["vae", "hierarchical_vae"])
def test_chunks_and_shares_change_nothing_beyond_rounding(
    recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = build_recipe(recipe, DataSpec((1, 4, 4), 2), latents=2, hidden=(8,)).model.eval().double()
    split = Examples(torch.rand(60, 1, 4, 4), 1.0, True, dtype=torch.float64)
    options = Annealing(2, 3, steps=1)
    monkeypatch.setattr(sys.modules["vaekit.evaluation.annealing"], "SETTLING", 2)
    whole = annealed_bound(vae, split, options=options)
    monkeypatch.setattr(sys.modules["vaekit.evaluation.annealed"], "draws_at_once", lambda vae, examples: 60)
    for found in (
        annealed_bound(vae, split, options=options).log_weights,
        torch.cat(
            [annealed_bound(vae, split.share(r, 2), options=options).log_weights for r in range(2)], -1
        ),
    ):
        torch.testing.assert_close(found, whole.log_weights, rtol=0, atol=1e-9)
    other = annealed_bound(vae, split, options=options, seed=1)
    assert (other.log_weights != whole.log_weights).all()


def test_nothing_is_changed_and_progress_is_told() -> None:
    vae, _ = linear()
    before, state = deepcopy(vae.state_dict()), torch.get_rng_state()
    told: list[float] = []
    found = bracket(vae, SPEC, 60, Annealing(2, 3, steps=1), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert len(told) == 6
    assert not found.forward.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())
    assert all(parameter.grad is None for parameter in vae.parameters())


def test_the_pilot_finds_step_sizes_that_are_accepted() -> None:
    """From steps of .2, far too small for wide posteriors, to .65 within .1 on average over temperatures."""
    vae, _ = linear(3)
    examples = Examples(gaussian_data(50), 1.0, False, dtype=torch.float64)
    found = annealed_bound(vae, examples, options=Annealing(16, 50, steps=4))
    assert found.acceptance.mean().item() == pytest.approx(0.65, abs=0.1)
    assert found.acceptance.min() > 0.4


def test_step_sizes_do_not_depend_on_the_chains_that_count() -> None:
    vae, _ = linear()
    x = gaussian_data(20)
    noise = Examples(x, 1.0, False).noise(slice(0, 20), 0)
    few, many = (AnnealedPath(vae, x, native, noise, Annealing(4, 8, steps=n)).pilot(noise) for n in (2, 2))
    assert torch.equal(few, many)
    assert few.shape == (8, 20)
    assert (few > 0).all()


def test_the_schedule_is_sigmoidal() -> None:
    betas = Annealing(temperatures=100).betas
    assert (betas[0], betas[-1], len(betas)) == (0.0, 1.0, 101)
    assert list(betas) == sorted(set(betas))
    steps = torch.tensor(betas).diff()
    torch.testing.assert_close(steps, steps.flip(0))
    assert steps.argmax().item() in (49, 50)
    assert steps[0] < steps[50] / 10


@pytest.mark.parametrize(
    "wrong", [{"chains": 0}, {"temperatures": 0}, {"start": "middle"}, {"steps": 0}, {"acceptance": 1.0}]
)
def test_options_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises((UserError, Exception), match=name):
        Annealing(**wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("recipe", "options", "reason"),
    [
        ("ae", {}, "points, which have no density"),
        ("vq_vae", {}, "the codes of this model are discrete"),
    ],
)
def test_codes_without_slopes_are_refused(recipe: str, options: dict[str, object], reason: str) -> None:
    spec = DataSpec((1, 8, 8), None, 0.1)
    vae = build_recipe(recipe, spec, **options).model.eval()
    with pytest.raises(CapabilityError, match=reason):
        annealed_bound(vae, Examples(torch.rand(3, 1, 8, 8), 1.0, False))
    with pytest.raises(CapabilityError, match=reason):
        bracket(vae, spec, 3)


def test_latents_in_an_interval_are_refused() -> None:
    check_real("z", torch.distributions.Normal(0.0, 1.0))
    with pytest.raises(CapabilityError, match="site z has values in"):
        check_real("z", torch.distributions.Beta(1.0, 1.0))


def test_a_fitted_mixture_may_be_the_prior() -> None:
    vae = build_recipe("disentangled_prior", DataSpec((1, 4, 4), 2), latents=2, hidden=(8,)).model.eval()
    found = annealed_bound(
        vae, Examples(torch.ones(3, 1, 4, 4), 1.0, False), options=Annealing(4, 3, "prior")
    )
    assert found.bound.isfinite().all()
    with pytest.raises(UserError, match="at least 2 simulated"):
        bracket(vae, DataSpec((1, 4, 4), 2), 1)
