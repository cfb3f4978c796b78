"""The overlap knob: what β does to the codes of different classes, and to how sparse codes are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Solvable
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.active_units import active_units
from vaekit.evaluation.overlap import Overlap, most_overlapping_pair
from vaekit.evaluation.sparsity import code_sparsity
from vaekit.noise import Noise, cut, torch_seeded
from vaekit.objectives import Turn
from vaekit.recipes.recipe import build_recipe

BATCH = 128


@final
@dataclass(frozen=True)
class Setting:
    """One model of a sweep and what was measured on it.

    Args:
        beta: β, weight of the KL.
        off: γ of the prior: 0 is the standard normal.
        overlap: of the two classes that overlap most.
        sparsity: Hoyer's measure of the codes.
        active: active units.
    """

    beta: float
    off: float
    overlap: Overlap
    sparsity: float
    active: int


def sweep(
    data: Data,
    betas: Sequence[float] = (0.5, 1.0, 2.0, 4.0, 8.0),
    offs: Sequence[float] = (0.0, 0.8),
    alpha: float = 10.0,
    latents: int = 8,
    steps: int = 400,
    seed: int = 0,
) -> tuple[Setting, ...]:
    """Train `disentangled_prior` at each β under each prior for a short while and measure its training codes.

    Args:
        data: with labels.
        betas: β of the KL.
        offs: γ of the prior.
        alpha: α of the MMD.
        latents: dimensions of z.
        steps: of each training.
        seed: of weights, batches and draws.

    Raises:
        UserError: for data without labels.
    """
    if data.train.labels is None:
        raise UserError(f"{data.name} has no labels, and overlap is between classes")
    x = Examples.of(data, "train", torch.device("cpu"), seed).all()
    labels = torch.as_tensor(data.train.labels)
    settings: list[Setting] = []
    for off in offs:
        for beta in betas:
            with torch_seeded(seed):
                recipe = build_recipe(
                    "disentangled_prior", data.spec, latents=latents, beta=beta, alpha=alpha, off=off
                )
            vae = _trained(recipe.model, recipe.turns[0], x, steps, seed)
            overlap = most_overlapping_pair(vae, x, labels, draws=200, seed=seed)
            settings.append(Setting(beta, off, overlap, code_sparsity(vae, x), active_units(vae, x)))
    return tuple(settings)


def _trained(vae: VAE, turn: Turn, x: Float[Tensor, "N *E"], steps: int, seed: int) -> VAE:
    optimiser = torch.optim.Adam(vae.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        batch = x[torch.randint(len(x), (BATCH,), generator=generator)]
        noise = Noise(seed, (step,), cut(BATCH, 1))
        losses = turn.losses(vae, batch, noise, torch.tensor(step / steps))
        optimiser.zero_grad()
        losses.by_player["model"].backward()
        optimiser.step()
        if losses.trace is not None and isinstance(vae.likelihood, Solvable):
            vae.likelihood.observe(vae.likelihood.statistic(losses.trace).detach().mean(0))
    return vae.eval()
