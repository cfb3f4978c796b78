"""Bounds on a linear model whose evidence is known, and by hand on one whose is not."""

import math
import sys
from collections.abc import Mapping
from copy import deepcopy
from math import sqrt
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.nn import Module, Parameter

from vaekit.core import VAE, Posterior, Trace
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.bounds import (
    LogLikelihood,
    bounds,
    draws_at_once,
    effective_draws,
    parts_of,
    samples_at_once,
)
from vaekit.evaluation.measures import DENSITY, native
from vaekit.noise import Noise
from vaekit.posteriors import DiagonalGaussian
from vaekit.ppca import PPCA, fit_ppca
from vaekit.recipes.closed_form import load_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

D, N = 6, 230
MEASURES: Mapping[str, LogLikelihood] = {DENSITY: native}


class InDouble(Module):
    """Examples are float32; this makes everything after them float64."""

    def __init__(self, encoder: Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x.double())


def in_double(vae: VAE) -> VAE:
    vae = vae.double()
    posteriors = cast(Mapping[str, Posterior], dict(vae.posteriors.items()))
    return VAE(InDouble(vae.encoder), posteriors, vae.latents, vae.decoder, vae.likelihood, vae.shape).eval()


def values(n: int = N) -> Tensor:
    return torch.randn(n, D) @ torch.randn(D, D) + 1


def linear(x: Tensor) -> tuple[VAE, PPCA]:
    vae = build_recipe("linear_vae", DataSpec((D,), None), latents=3).model.double()
    solution = fit_ppca(x.double(), 3)
    load_ppca(vae, solution)
    return in_double(vae), solution


def spoilt(vae: VAE) -> VAE:
    """Shrink and widen q: KL(q ‖ p(z | x)) is then known in closed form."""
    vae = deepcopy(vae)
    posterior = cast(DiagonalGaussian, vae.posteriors["z"])
    with torch.no_grad():
        cast(Parameter, posterior.log_std).add_(0.8)
        posterior.mean.bias.add_(0.5)
    return vae


@pytest.mark.parametrize("samples", [1, 50, 60])
def test_at_the_exact_posterior_every_bound_is_the_evidence(samples: int) -> None:
    """IWAE without any error; the ELBO, whose KL is in closed form, within 5 s.e. of its draws."""
    x = values()
    vae, solution = linear(x)
    rate, found = bounds(vae, Examples(x, 1.0, False), MEASURES, samples)
    evidence = solution.log_evidence(x.double())
    torch.testing.assert_close(found[DENSITY].iwae, evidence, rtol=0, atol=1e-9)
    difference = found[DENSITY].elbo - evidence
    assert difference.mean().abs() < 5 * difference.std() / sqrt(N)
    torch.testing.assert_close(found[DENSITY].elbo, -found[DENSITY].distortion - rate, rtol=0, atol=1e-12)


def test_a_worse_posterior_orders_the_bounds() -> None:
    """ELBO = log p − KL(q ‖ p(z|x)) < IWAE-5 < IWAE-60 < log p, each gap above 5 s.e. of its mean."""
    n = 1000
    x = values(n)
    exact, solution = linear(x)
    vae = spoilt(exact)
    split = Examples(x, 1.0, False)
    few, many = (bounds(vae, split, MEASURES, samples)[1][DENSITY] for samples in (5, 60))
    evidence = solution.log_evidence(x.double())
    for lower, higher in ((many.elbo, few.iwae), (few.iwae, many.iwae), (many.iwae, evidence)):
        gap = higher - lower
        assert gap.mean() > 5 * gap.std() / sqrt(n)
    with torch.no_grad():
        q, posterior = vae.encode(x), exact.encode(x)
    kl = torch.distributions.kl_divergence(q, posterior)
    error = many.elbo - (evidence - kl)
    assert error.mean().abs() < 5 * error.std() / sqrt(n)


def float64(trace: Trace, noise: Noise) -> Tensor:
    """As `native`; a Bernoulli would else fall back to the data's float32."""
    return trace.likelihood.log_prob(trace.x.double())


@pytest.mark.parametrize("binarise", [False, True])
@pytest.mark.parametrize("recipe", ["vae", "hierarchical_vae"])
@pytest.mark.parametrize("double", [True, False])
def test_blocks_and_chunks_change_nothing_beyond_rounding(
    double: bool, recipe: str, binarise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = DataSpec((1, 4, 4), 2 if binarise else 17, 0.1)
    vae = build_recipe(recipe, spec, latents=2, hidden=(8,)).model.eval()
    vae = in_double(vae) if double else vae
    split = Examples(torch.randint(17, (N, 1, 4, 4)), 16.0, binarise)
    rate, reference = bounds(vae, split, {"": float64}, 60, blocks=1)
    assert rate.dtype == (torch.float64 if double else torch.float32)
    rtol, atol = (0.0, 1e-10) if double else (1e-5, 1e-5)
    # 700 numbers at once are a single image of 16 pixels with its 50 samples, 3 · 800 three of them.
    for blocks, numbers in ((2, 2**22), (3, 2**22), (100, 2**22), (1, 700), (2, 2400)):
        monkeypatch.setattr(sys.modules["vaekit.evaluation.bounds"], "_NUMBERS_AT_ONCE", numbers)
        other_rate, other = bounds(vae, split, {"": float64}, 60, blocks=blocks)
        torch.testing.assert_close(other_rate, rate, rtol=rtol, atol=atol)
        for name in ("distortion", "elbo", "iwae"):
            torch.testing.assert_close(
                getattr(other[""], name), getattr(reference[""], name), rtol=rtol, atol=atol
            )
        # An error of a log weight, some 1e-6 of its value in float32, is a relative one of the weight.
        torch.testing.assert_close(other[""].ess, reference[""].ess, rtol=1e-10 if double else 1e-4, atol=0.0)


@pytest.mark.parametrize("samples", [1, 7, 50, 51, 120])
def test_chunks_of_samples_join_to_the_whole(samples: int) -> None:
    """By hand: all draws of all chunks at once, log (1/K) Σ w."""
    x = values(70)
    vae = spoilt(linear(x)[0])
    split = Examples(x, 1.0, False)
    rate, found = bounds(vae, split, MEASURES, samples)
    log_weights, log_likelihoods = [], []
    with torch.no_grad():
        for index, start in enumerate(range(0, samples, 50)):
            trace = vae.trace(x, (min(50, samples - start),), noise=split.noise(slice(0, 70), index))
            log_weights.append(trace.log_weight())
            log_likelihoods.append(trace.log_likelihood)
            torch.testing.assert_close(rate, trace.kl()[0], rtol=0, atol=1e-12)
    joined = torch.cat(log_weights)
    assert len(joined) == samples
    assert len(torch.unique(joined[:, 0])) == samples
    by_hand = torch.logsumexp(joined, 0) - math.log(samples)
    torch.testing.assert_close(found[DENSITY].iwae, by_hand, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        found[DENSITY].distortion, -torch.cat(log_likelihoods).mean(0), rtol=0, atol=1e-10
    )


def test_measures_share_their_draws() -> None:
    x = values(60)
    vae = spoilt(linear(x)[0])
    measures = {"one": native, "two": lambda trace, noise: native(trace, noise) + 2.0}
    _, found = bounds(vae, Examples(x, 1.0, False), measures, 3)
    for name in ("elbo", "iwae"):
        difference = getattr(found["two"], name) - getattr(found["one"], name)
        torch.testing.assert_close(difference, torch.full_like(difference, 2.0))


def test_other_seeds_give_other_draws() -> None:
    x = values(60)
    vae = spoilt(linear(x)[0])
    one, two = (bounds(vae, Examples(x, 1.0, False, seed), MEASURES)[1][DENSITY].iwae for seed in (0, 1))
    assert (one != two).all()


def test_scoring_changes_neither_model_nor_global_generator_and_tells_progress() -> None:
    x = values(120)
    vae = spoilt(linear(x)[0])
    before, state = deepcopy(vae.state_dict()), torch.get_rng_state()
    told: list[float] = []
    rate, _ = bounds(vae, Examples(x, 1.0, False), MEASURES, 3, 1, told.append)
    assert told == [50 / 120, 100 / 120, 1.0]
    assert not rate.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())


@pytest.mark.parametrize("samples", [0, -1])
def test_at_least_one_sample_is_needed(samples: int) -> None:
    x = values(60)
    with pytest.raises(UserError, match="at least 1 is needed"):
        bounds(linear(x)[0], Examples(x, 1.0, False), MEASURES, samples)


@pytest.mark.parametrize(
    ("shape", "at_once"), [((6,), 50), ((1, 28, 28), 50), ((3, 64, 64), 6), ((3, 512, 512), 1)]
)
def test_large_examples_are_decoded_a_few_at_once(shape: tuple[int, ...], at_once: int) -> None:
    assert samples_at_once(Examples(torch.zeros(1, *shape), 1.0, False)) == at_once


def test_the_largest_tensor_on_the_way_decides_how_many_draws_are_decoded_together() -> None:
    """The widest layer of this decoder makes 32 channels of the image's size."""
    examples = Examples(torch.zeros(3, 1, 32, 32), 1.0, False)
    vae = build_recipe(
        "vae", DataSpec((1, 32, 32), None, 0.1), net="conv", size="base", latents=2
    ).model.eval()
    assert draws_at_once(vae, examples) == 2**22 // (32 * 32 * 32)
    assert not any(module._forward_hooks for module in vae.modules())


def test_an_autoregressive_likelihood_counts_by_its_whole_pass() -> None:
    """Its head makes 64 logits for each value, more than any other layer; nothing is drawn value by value."""
    examples = Examples(torch.zeros(3, 1, 16, 16), 1.0, False)
    spec = DataSpec((1, 16, 16), levels=64)
    vae = build_recipe("pixel_vae", spec, net="mlp", size="tiny", width=8, latents=2).model.eval()
    assert draws_at_once(vae, examples) == 2**22 // (64 * 16 * 16)


@pytest.mark.parametrize(("count", "most"), [(1, 1), (7, 3), (6, 3), (3, 100)])
def test_parts_cover_everything_once(count: int, most: int) -> None:
    parts = parts_of(count, most)
    assert [i for part in parts for i in range(count)[part]] == list(range(count))
    assert max(part.stop - part.start for part in parts) <= most


def test_effective_draws_by_hand() -> None:
    """(Σw)²/Σw² of weights 1, 2, 3: 36/14; the scale of the weights does not matter, however large or small."""
    log_weight = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64).log().unsqueeze(-1)
    for shift in (0.0, 2000.0, -2000.0):
        assert effective_draws(log_weight + shift).item() == pytest.approx(36 / 14, abs=1e-9)
    assert effective_draws(torch.tensor([[-5.0], [-torch.inf], [-torch.inf]])).item() == 1.0
    assert effective_draws(torch.full((7, 2), -90.0)).tolist() == pytest.approx([7.0, 7.0], rel=1e-6)


@pytest.mark.parametrize("samples", [1, 50, 60])
def test_at_the_exact_posterior_every_draw_counts(samples: int) -> None:
    x = values()
    vae, _ = linear(x)
    _, found = bounds(vae, Examples(x, 1.0, False), MEASURES, samples)
    ess = found[DENSITY].ess
    torch.testing.assert_close(ess, torch.full_like(ess, samples), rtol=1e-12, atol=0)
    bias = found[DENSITY].iwae_bias(samples)
    torch.testing.assert_close(bias, torch.zeros_like(bias), rtol=0, atol=1e-12)


def test_the_effective_sample_size_of_a_worse_posterior_tells_the_bounds_bias() -> None:
    """K/ESS → E w²/(E w)² = 1 + χ², the same for all x; K log-bias → χ²/2. To 10%, the weights having heavy tails."""
    n, samples = 400, 2000
    x = values(n)
    exact, solution = linear(x)
    vae = deepcopy(exact)
    posterior = cast(DiagonalGaussian, vae.posteriors["z"])
    with torch.no_grad():
        cast(Parameter, posterior.log_std).add_(0.2)
    _, found = bounds(vae, Examples(x, 1.0, False), MEASURES, samples)
    # ∫ p²/q of normals whose variances have the ratio v: (v/√(2v − 1))^d.
    v = math.exp(0.4)
    chi_square = (v / math.sqrt(2 * v - 1)) ** 3 - 1
    bound = found[DENSITY]
    assert (samples / bound.ess).mean().item() == pytest.approx(1 + chi_square, rel=0.02)
    assert bound.iwae_bias(samples).mean().item() == pytest.approx(chi_square / 2 / samples, rel=0.05)
    error = bound.iwae - solution.log_evidence(x.double())
    spread = (2 * bound.iwae_bias(samples)).sqrt().mean()
    assert error.std().item() == pytest.approx(spread.item(), rel=0.2)
