"""Illnesses that are planted in a trained model, because no training brings them about reliably."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch.nn import Linear

from vaekit import Run
from vaekit.bounded import HIGHEST
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.data.records import SplitName
from vaekit.evaluation.holes import Ball, with_decoder_hole
from vaekit.posteriors import DiagonalGaussian
from vaekit.quantisers import VectorQuantiser

Alteration = Callable[[Run, Data], tuple[Run, Data]]

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
HOLE, TEAR = 0.6, 0.35
"""Radius in standard deviations of the codes, of a region without examples and of one where the decoder jumps."""
RUNAWAY = 20.0
"""Added to log sigma before its bound."""
LEFT = 0.02
"""Share of the codes within reach."""
LEAKED = 0.15
"""Share of the test examples that are training examples."""


def leaked(run: Run, data: Data) -> tuple[Run, Data]:
    """Some test examples are replaced by training examples, which training itself does not notice."""
    rng = np.random.default_rng(run.config.training.seed)
    values = data.test.array.copy()
    count = round(LEAKED * len(values))
    values[rng.permutation(len(values))[:count]] = data.train.array[rng.permutation(len(data.train))[:count]]
    return run, replace(data, test=replace(data.test, values=values))


@torch.no_grad()
def emptied(run: Run, data: Data) -> tuple[Run, Data]:
    """Examples whose codes lie in a ball about the middle are left out: the prior still puts codes there."""
    centre, spread, _ = codes_of(run, data)
    ball = Ball(centre, HOLE * spread)
    splits = []
    for name in SPLITS:
        split = data.split(name)
        held = Examples.of(data, name)
        inside = torch.cat([ball.holds(run.vae.encode(x).mean) for _, x, _ in held.in_order()])
        splits.append(split.take(np.flatnonzero(~inside.numpy())))
    train, validation, test = splits
    return run, replace(data, train=train, validation=validation, test=test)


def decoder_hole(run: Run, data: Data) -> tuple[Run, Data]:
    """In a ball about one code the decoder shows what it shows at the code farthest from it."""
    _, spread, means = codes_of(run, data)
    ball = Ball(means[0], TEAR * spread)
    far = means[(means - means[0]).norm(dim=-1).argmax()]
    return replace(run, vae=with_decoder_hole(run.vae, ball, far).eval()), data


@torch.no_grad()
def exploded(run: Run, data: Data) -> tuple[Run, Data]:
    """In a quarter of the dimensions, those used least, log sigma of q has run to its bound."""
    posterior = run.vae.posteriors[next(iter(run.vae.latents.sites))]
    assert isinstance(posterior, DiagonalGaussian)
    assert isinstance(posterior.log_std, Linear)
    _, _, means = codes_of(run, data)
    least = means.var(0).argsort()[: max(1, means.shape[1] // 4)]
    posterior.log_std.bias[least] += HIGHEST + RUNAWAY
    return run, data


@torch.no_grad()
def few_codes(run: Run, data: Data) -> tuple[Run, Data]:
    """All but a few codes lie where no encoder's output comes, as after a start far from the data."""
    for part in run.vae.modules():
        if isinstance(part, VectorQuantiser):
            kept = max(2, round(LEFT * part.codes))
            far = 100 * part.table.abs().max()
            order = part.usage.argsort(descending=True)
            for table, ranks in zip(part.table, order, strict=True):
                table[ranks[kept:]] = far
    return run, data


@torch.no_grad()
def codes_of(run: Run, data: Data) -> tuple[torch.Tensor, float, torch.Tensor]:
    """The mean of the codes (d,), their standard deviation over dimensions, and the codes (N, d)."""
    held = Examples.of(data, "train")
    means = torch.cat([cast(torch.Tensor, run.vae.encode(x).mean) for _, x, _ in held.in_order()])
    return means.mean(0), means.std(0).mean().item(), means
