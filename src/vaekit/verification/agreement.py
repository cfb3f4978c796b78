"""Every loss: in both precisions, in batches of any size, and its gradient against finite differences."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE
from vaekit.noise import Noise, cut
from vaekit.objectives import IWAE, KL, NLL, Objective
from vaekit.recipes.recipe import build_recipe
from vaekit.recipes.table import RECIPES, parameters_of
from vaekit.spec import DataSpec
from vaekit.verification.check import Check, compare, seeded
from vaekit.verification.linear import trace_at

GATE = "agreement"
SHAPE = (1, 3, 4)
BATCH = 8
CUTS = (0, 1, 4, 8)
PRECISION, BATCHES, GRADIENTS = 1e-5, 1e-12, 1e-6
"""Largest relative difference of each kind."""
STEP = 1e-5
FREE = 0.15
"""Nats between the KLs of the two latents: one is free, one is not."""
SMALL = {"net": "mlp", "hidden": (6,), "latents": 2}
VARIANTS: dict[str, dict[str, object]] = {
    "gaussian, sigma learned": {"sigma": "learned"},
    "gaussian, sigma per dimension": {"sigma": "per_dimension"},
    "gaussian, sigma 0.1": {"sigma": 0.1},
    "continuous Bernoulli": {"likelihood": "continuous_bernoulli"},
    "logistic": {"likelihood": "logistic"},
    "logistic mixture": {"likelihood": "logistic_mixture"},
    "Bernoulli": {"likelihood": "bernoulli"},
    "full covariance": {"posterior": "full_covariance"},
}


@final
@dataclass(frozen=True)
class Case:
    """A model in float64, examples, and what is minimised.

    Args:
        name: what the report calls it.
        vae: the model.
        x: examples, (B, C, H, W).
        objective: of the recipe, or one that has every term.
    """

    name: str
    vae: VAE
    x: Float[Tensor, "B C H W"]
    objective: Objective


def checks() -> list[Check]:
    """Run the row on every recipe with an objective, and on every likelihood, posterior and term."""
    return [
        check
        for case in cases()
        for check in (_precision(case), _batches(case), _gradients(case))
        if check is not None
    ]


def cases() -> Iterator[Case]:
    """The recipes with their own objectives, then the variants with every term."""
    for name in RECIPES:
        with seeded(11):
            turns = build_recipe(name, DataSpec(SHAPE, 17), **_options(name)).turns
        for turn in turns:
            if isinstance(turn, Objective):
                yield _case(f"recipe {name}", name, turn, {})
    every = NLL() + 0.5 * KL() + 0.5 * KL(estimator="monte_carlo") + IWAE(3)
    for name, options in VARIANTS.items():
        yield _case(name, "vae", every, options)
    yield _case("free bits", "vae", NLL() + KL(free_bits=FREE), {})


def _options(recipe: str) -> dict[str, object]:
    """The small networks, as far as a recipe has such options."""
    known = parameters_of(recipe)
    return {name: value for name, value in SMALL.items() if name in known}


def _case(name: str, recipe: str, objective: Objective, options: dict[str, object]) -> Case:
    levels = 2 if options.get("likelihood") == "bernoulli" else 17
    generator = torch.Generator().manual_seed(10)
    index = torch.randint(levels, (BATCH, *SHAPE), generator=generator)
    with seeded(11):
        made = build_recipe(recipe, DataSpec(SHAPE, levels, 0.1), **(_options(recipe) | options))
    return Case(name, made.model.double().eval(), index.double() / (levels - 1), objective)


def _noise() -> Noise:
    """One shard for each example, so that any cut of the batch keeps its draws."""
    return Noise(12, (), cut(BATCH, BATCH))


def _progress(x: Tensor) -> Float[Tensor, ""]:
    return torch.tensor(0.5, dtype=x.dtype)


@torch.no_grad()
def _precision(case: Case) -> Check:
    """The loss of each example at the same latent values, in float32 and in float64."""
    drawn = case.vae.trace(case.x, case.objective.sample_shape, noise=_noise())
    values = {site.name: site.z.float() for site in drawn.sites}
    single = deepcopy(case.vae).float()
    low = trace_at(single, case.x.float(), values)
    high = trace_at(case.vae, case.x, {name: value.double() for name, value in values.items()})
    measured, _ = case.objective.value(low, _progress(low.x))
    expected, _ = case.objective.value(high, _progress(high.x))
    return _relative(f"float32 agrees with float64: {case.name}", expected, measured.double(), PRECISION)


@torch.no_grad()
def _batches(case: Case) -> Check | None:
    """Each example's loss, and their mean, however the batch is cut; None where a term couples examples."""
    if not case.objective.per_example:
        return None
    whole, loss = _losses(case, slice(None))
    parts = [_losses(case, slice(*edges)) for edges in pairwise(CUTS)]
    mean = torch.stack([part * len(values) for values, part in parts]).sum() / BATCH
    measured = torch.cat([*(values for values, _ in parts), mean.reshape(1)])
    expected = torch.cat([whole, loss.reshape(1)])
    return _relative(f"the loss does not depend on the batch size: {case.name}", expected, measured, BATCHES)


def _losses(case: Case, where: slice) -> tuple[Float[Tensor, " n"], Float[Tensor, ""]]:
    """The loss of each example of a part of the batch, and the loss that training sees."""
    noise = Noise(_noise().seed, (), _noise().shards[where])
    losses = case.objective.losses(case.vae, case.x[where], noise, _progress(case.x))
    values, _ = case.objective.value(losses.trace, _progress(case.x))
    (loss,) = losses.by_player.values()
    return values, loss


def _gradients(case: Case) -> Check:
    """The slope of the loss along a random direction of each parameter, by autograd and by two values."""
    parameters = tuple(case.vae.parameters())
    generator = torch.Generator().manual_seed(13)
    gradients = torch.autograd.grad(_loss(case), parameters, allow_unused=True)
    expected, measured = [], []
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        expected.append(_slope(case, parameter, direction))
        unused = gradient is None
        measured.append(torch.zeros_like(expected[-1]) if unused else (gradient * direction).sum())
    statement = f"gradients agree with finite differences: {case.name}"
    return _relative(statement, torch.stack(expected), torch.stack(measured), GRADIENTS)


def _loss(case: Case) -> Float[Tensor, ""]:
    (loss,) = case.objective.losses(case.vae, case.x, _noise(), _progress(case.x)).by_player.values()
    return loss


@torch.no_grad()
def _slope(case: Case, parameter: Tensor, direction: Tensor) -> Float[Tensor, ""]:
    """[L(θ + hv) − L(θ − hv)]/2h with the same draws; θ is left as it was."""
    start = parameter.clone()
    parameter.copy_(start + STEP * direction)
    above = _loss(case)
    parameter.copy_(start - STEP * direction)
    below = _loss(case)
    parameter.copy_(start)
    return (above - below) / (2 * STEP)


def _relative(statement: str, expected: Tensor, measured: Tensor, tolerance: float) -> Check:
    """Compare with a tolerance relative to the largest expected value."""
    scale = max(1.0, expected.abs().max().item())
    return compare(GATE, statement, expected, measured, tolerance * scale, "nats")
