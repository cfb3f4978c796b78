"""Every loss: in both precisions, in batches of any size, and its gradient against finite differences."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE, Deterministic, Implicit, Point
from vaekit.latents import CodeLatents
from vaekit.noise import Noise, Tape, cut, torch_seeded
from vaekit.objectives import IWAE, KL, NLL, During, FitPrior, Turn
from vaekit.priors import CodePrior, PixelCNNCodes
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.recipes.table import RECIPES, find, parameters_of
from vaekit.spec import Condition, DataSpec
from vaekit.told import Told
from vaekit.verification.check import Check, compare

GATE = "agreement"
SHAPE = (1, 8, 9)
"""Large enough for bands of frequencies and two grids of codes, and not square."""
CONDITION = Condition("labels", ("a", "b", "c"))
BATCH = 8
CUTS = (0, 1, 4, 8)
EACH = tuple(range(BATCH + 1))
PRECISION, BATCHES, GRADIENTS = 1e-5, 1e-12, 1e-6
"""Largest relative difference of each kind."""
STEP = 1e-5
FREE = 0.15
"""Nats between the KLs of the two latents: one is free, one is not."""
SMALL: Mapping[str, object] = {
    "net": "mlp",
    "size": "tiny",
    "hidden": (6,),
    "latents": 2,
    "codes": 5,
    "code_dimensions": 2,
    "depth": 2,
    "scalar_levels": (3, 4),
    "features": 2,
    "width": 4,
    "layers": 1,
    "kernel": 3,
    "window": 5,
    "samples": 3,
    "groups": 2,
    "components": 4,
    "exemplars": 4,
}
"""Of each recipe the options that it has."""
LIKELIHOODS: Mapping[str, Mapping[str, object]] = {
    "gaussian, sigma learned": {"sigma": "learned"},
    "gaussian, sigma per dimension": {"sigma": "per_dimension"},
    "gaussian, sigma 0.1": {"sigma": 0.1},
    "gaussian, sigma by band": {"sigma": "dct"},
    "continuous Bernoulli": {"likelihood": "continuous_bernoulli"},
    "logistic": {"likelihood": "logistic"},
    "logistic mixture": {"likelihood": "logistic_mixture"},
    "Bernoulli": {"likelihood": "bernoulli"},
    "full covariance": {"posterior": "full_covariance"},
}
"""Of `vae`, each with every term."""
VARIANTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "vq_vae, codebook by its gradient": ("vq_vae", {"codebook": "gradient"}),
    "rq_vae, codebooks by their gradients": ("rq_vae", {"codebook": "gradient"}),
    "dvae, masking": ("dvae", {"corruption": "masking", "amount": 0.3}),
    "dae, salt and pepper": ("dae", {"corruption": "salt_and_pepper"}),
    "beta_tcvae, weighted": ("beta_tcvae", {"estimator": "weighted"}),
    "wae_mmd, Gaussian kernel": ("wae_mmd", {"kernel": "rbf"}),
    "disentangled_prior, no distance": ("disentangled_prior", {"alpha": 0.0}),
}
"""Recipes whose options add a term, or leave one out."""


@final
@dataclass(frozen=True)
class Case:
    """A model in float64, examples, and what is minimised.

    Args:
        name: what the report calls it.
        vae: the model.
        x: examples, (B, C, H, W).
        turn: of a recipe, or one that has every term.
    """

    name: str
    vae: VAE
    x: Float[Tensor, "B C H W"]
    turn: Turn


def checks() -> list[Check]:
    """Run the row on every turn of every recipe, and on every likelihood, posterior and term."""
    return [
        check
        for case in cases()
        for check in (_precision(case), _batches(case), _gradients(case))
        if check is not None
    ]


def cases() -> Iterator[Case]:
    """The recipes with their own turns, what their options change, and the likelihoods with every term."""
    for name in RECIPES:
        yield from _turns(f"recipe {name}", name, {})
    for name, (recipe, options) in VARIANTS.items():
        yield from _turns(name, recipe, options)
    every = NLL() + 0.5 * KL() + 0.5 * KL(estimator="monte_carlo") + IWAE(3)
    for name, options in LIKELIHOODS.items():
        levels = 2 if options.get("likelihood") == "bernoulli" else 17
        yield _case(name, _built("vae", options, levels).model, every, levels)
    yield _case("free bits", _built("vae", {}).model, NLL() + KL(free_bits=FREE))
    yield _case("prior of codes", _with_code_priors(_built("vq_vae_2", {}).model), FitPrior())


def _turns(name: str, recipe: str, options: Mapping[str, object]) -> Iterator[Case]:
    built = _built(recipe, options)
    for index, turn in enumerate(built.turns, 1):
        yield _case(name if len(built.turns) == 1 else f"{name}, turn {index}", built.model, turn)


def _built(recipe: str, options: Mapping[str, object], levels: int = 17) -> Recipe:
    """A recipe with small networks and seeded weights."""
    known = parameters_of(recipe)
    small = {name: value for name, value in SMALL.items() if name in known and _fits(value, known[name])}
    with torch_seeded(11):
        spec = DataSpec(SHAPE, levels, 0.1, condition=CONDITION if find(recipe).needs_condition else None)
        return build_recipe(recipe, spec, **(small | dict(options)))


def _fits(value: object, default: object) -> bool:
    """Whether an option of that default is one of such values; a width and a name may be called the same."""
    return default is None or isinstance(value, type(default))


def _with_code_priors(vae: VAE) -> VAE:
    """Give every grid of codes a PixelCNN, all that is still learned."""
    assert isinstance(vae.latents, CodeLatents)
    vae.requires_grad_(False)
    with torch_seeded(11):
        for site, context in vae.latents.context_channels.items():
            prior = vae.latents.prior_of(site)
            assert isinstance(prior, CodePrior)
            vae.latents.replace(site, PixelCNNCodes(prior.quantiser, prior.grid, context, width=4, layers=1))
    return vae


def _case(name: str, vae: VAE, turn: Turn, levels: int = 17) -> Case:
    generator = torch.Generator().manual_seed(10)
    index = torch.randint(levels, (BATCH, *SHAPE), generator=generator)
    x = index.double() / (levels - 1)
    told = torch.eye(CONDITION.size, dtype=torch.float64)[torch.arange(BATCH) % CONDITION.size]
    return Case(name, vae.double().eval(), Told.of(x, told), turn)


def _noise(start: int = 0, stop: int = BATCH) -> Noise:
    """One shard for each example, so that any cut of the batch keeps its draws."""
    return Noise(12, (), cut(BATCH, BATCH)[start:stop])


def _losses(case: Case, vae: VAE, x: Tensor, noise: Noise) -> Float[Tensor, " players"]:
    """The loss of each player, half-way through the part of training in which the turn is played."""
    done = (case.turn.start + case.turn.stop) / 2 if isinstance(case.turn, During) else 0.5
    losses = case.turn.losses(vae, x, noise, torch.tensor(done, dtype=x.dtype)).by_player
    return torch.stack([losses[player] for player in case.turn.players])


@torch.no_grad()
def _precision(case: Case) -> Check:
    """The losses of the batch and, where examples do not see each other, of each alone, with the same draws."""
    single = deepcopy(case.vae).float()
    edges = [(0, BATCH), *(pairwise(EACH) if case.turn.per_example else ())]
    low, high = [], []
    for start, stop in edges:
        tape, noise = Tape(), _noise(start, stop)
        low.append(_losses(case, single, case.x[start:stop].float(), noise.on(tape)))
        high.append(_losses(case, case.vae, case.x[start:stop], noise.on(tape.to(torch.float64))))
    statement = f"float32 agrees with float64: {case.name}"
    return _relative(statement, torch.cat(high), torch.cat(low).double(), PRECISION)


@torch.no_grad()
def _batches(case: Case) -> Check | None:
    """The losses of the batch are the means of its parts', however it is cut; None where examples are coupled."""
    if not case.turn.per_example:
        return None
    whole = _losses(case, case.vae, case.x, _noise())
    means: list[Tensor] = []
    for edges in (CUTS, EACH):
        parts = [
            (stop - start) * _losses(case, case.vae, case.x[start:stop], _noise(start, stop))
            for start, stop in pairwise(edges)
        ]
        means.append(torch.stack(parts).sum(0) / BATCH)
    statement = f"the loss does not depend on the batch size: {case.name}"
    return _relative(statement, whole.repeat(len(means)), torch.cat(means), BATCHES)


def _gradients(case: Case) -> Check | None:
    """The slopes of the losses along a random direction of each parameter, by autograd and by two values.

    None where a gradient is another one of the same mean on purpose: C8, C9 and the theory of each check those.
    """
    if not case.turn.own_gradient or any(isinstance(q, Implicit) for q in case.vae.posteriors.values()):
        return None
    generator = torch.Generator().manual_seed(13)
    losses = _losses(case, case.vae, case.x, _noise())
    expected, measured = [], []
    for index, player in enumerate(case.turn.players):
        own = _smooth(case, case.turn.owned(case.vae)[player])
        gradients = torch.autograd.grad(losses[index], own, retain_graph=True, allow_unused=True)
        for parameter, gradient in zip(own, gradients, strict=True):
            direction = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            expected.append(_slope(case, index, parameter, direction))
            unused = gradient is None
            measured.append(torch.zeros_like(expected[-1]) if unused else (gradient * direction).sum())
    statement = f"gradients agree with finite differences: {case.name}"
    return _relative(statement, torch.stack(expected), torch.stack(measured), GRADIENTS)


def _smooth(case: Case, own: list[Parameter]) -> list[Parameter]:
    """Those parameters in which a loss is smooth.

    What a quantised posterior says is a step function of everything before it, and the gradient is on purpose
    not its own but the straight-through estimator's: there, those behind it are checked.
    """
    steps = [
        p for p in case.vae.posteriors.values() if isinstance(p, Deterministic) and not isinstance(p, Point)
    ]
    if not steps or isinstance(case.turn, FitPrior):
        return own
    behind = {id(p) for part in (case.vae.decoder, case.vae.likelihood) for p in part.parameters()}
    return [parameter for parameter in own if id(parameter) in behind]


@torch.no_grad()
def _slope(case: Case, player: int, parameter: Tensor, direction: Tensor) -> Float[Tensor, ""]:
    """[L(θ + hv) − L(θ − hv)]/2h with the same draws; θ is left as it was."""
    start = parameter.clone()
    parameter.copy_(start + STEP * direction)
    above = _losses(case, case.vae, case.x, _noise())[player]
    parameter.copy_(start - STEP * direction)
    below = _losses(case, case.vae, case.x, _noise())[player]
    parameter.copy_(start)
    return (above - below) / (2 * STEP)


def _relative(statement: str, expected: Tensor, measured: Tensor, tolerance: float) -> Check:
    """Compare with a tolerance relative to the largest expected value."""
    scale = max(1.0, expected.abs().max().item())
    return compare(GATE, statement, expected, measured, tolerance * scale, "nats")
