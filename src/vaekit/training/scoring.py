"""What the best checkpoint has most of: the validation ELBO, or minus the loss where no evidence is bounded."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.noise import Noise
from vaekit.objectives import Turn, played

VALIDATION_LOSS = "validation_loss"


def score_of(row: Mapping[str, float], vae: VAE) -> float:
    """The score of a row of metrics.csv; higher is better.

    The row says by what it was scored: a prior that was fitted since may have taken the evidence away.
    """
    if VALIDATION_LOSS in row:
        return -row[VALIDATION_LOSS]
    return row[f"validation_elbo_{vae.likelihood.measure}"]


def loss_at_the_end(
    vae: VAE, turns: Sequence[Turn], x: Float[Tensor, "B *E"], noise: Noise
) -> Float[Tensor, ""]:
    """What is minimised when training ends, of a batch, in the mode (train or eval) the model is in."""
    done = torch.ones((), dtype=x.dtype, device=x.device)
    last = [turn for turn in turns if played(turn, 1.0)]
    losses = [loss for turn in last for loss in turn.losses(vae, x, noise, done).by_player.values()]
    return torch.stack(losses).sum()


@torch.no_grad()
def final_loss(vae: VAE, turns: Sequence[Turn], examples: Examples) -> Float[Tensor, ""]:
    """The mean of that over the examples of a split."""
    parts = [len(x) * loss_at_the_end(vae, turns, x, noise) for _, x, noise in examples.in_order()]
    return torch.stack(parts).sum() / len(examples)
