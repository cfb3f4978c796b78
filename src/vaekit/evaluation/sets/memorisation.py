"""Whether generated samples lie nearer to the training set than new examples do: a test for copying."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaekit.evaluation.sets.distances import check_sets, nearest

COPYING = -3.0
"""z below which samples are too near: .13% of models that copy nothing come here."""


@final
@dataclass(frozen=True)
class Memorisation:
    """How far generated and held-out vectors are from the training set.

    Args:
        z: of Mann–Whitney's U; below 0 where generated ones are nearer to the training set than held-out ones.
        fraction_nearer: P(d_generated < d_held-out) + ½ P(equal); ½ where nothing is copied.
        share_training: of the generated, those that are nearer to the training than to the held-out set.
        expected_share: N/(N + H), what this is where nothing is copied, however smooth the samples are.
        z_training: of the share; above 0 where generated ones prefer training vectors.
        nearest: of each generated vector, the place of its nearest training vector.
        distance: to it.
        held_out_distance: of each held-out vector to its nearest training vector.
    """

    z: float
    fraction_nearer: float
    share_training: float
    expected_share: float
    z_training: float
    nearest: Int[Tensor, " G"]
    distance: Float[Tensor, " G"]
    held_out_distance: Float[Tensor, " H"]

    @property
    def nearer(self) -> bool:
        """Whether samples are nearer to the training set than new examples are: z < −3."""
        return self.z < COPYING

    @property
    def copying(self) -> bool:
        """Whether they are nearer (z < −3), and nearer to training than to held-out vectors (z_training > 3)."""
        return self.nearer and self.z_training > -COPYING


def memorisation(
    train: Float[Tensor, "N F"], held_out: Float[Tensor, "H F"], generated: Float[Tensor, "G F"]
) -> Memorisation:
    """Test whether generated vectors are nearer to the training set than held-out ones, by Mann–Whitney's U.

    U = #{d_generated > d_held-out} + ½ #{equal}, z = (U − GH/2)/s with
    s² = GH/12 (n + 1 − Σ(t³ − t)/(n(n − 1))), n = G + H and t the sizes of ties. z < −3 is too near, z > 3 too
    far (a poor fit). Given the training set, all distances are independent, so z is standard normal for a
    generator that draws from the truth, for every N, G and H: a false alarm has probability .0013.

    z alone cannot tell copies from *smooth* samples, which are near to everything, and decoders' means are
    smooth. Without copying, training and held-out vectors are exchangeable: a generated one has its nearest
    neighbour among the N training vectors with probability N/(N + H). If the i-th of all N + H is nearest to
    w_i of them, exchanging labels gives z_training = (share − N/(N + H))/s with
    s² = NH/((N + H)(N + H − 1)) Σ(w_i − w̄)²/G². Copies show in both z, and `copying` asks for both. A model
    that copies in one region and is far off in another hides from both: test such parts apart.

    Args:
        train: vectors that the model was trained on.
        held_out: vectors of the same distribution that it has not seen.
        generated: its samples.

    Raises:
        UserError: if the vectors differ in length, or a set has fewer than two.

    Source: Meehan, Chaudhuri & Dasgupta 2020, A non-parametric test to detect data-copying,
    https://arxiv.org/abs/2004.05675, their test over one cell.

    Example:
        >>> x = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
        >>> memorisation(x[:400], x[400:], x[:100]).copying
        True
        >>> memorisation(x[:300], x[300:450], x[450:]).copying
        False
    """
    check_sets(train, held_out, generated, names=("training", "held-out", "generated"), fewest=2)
    distance, place = nearest(generated, train)
    distance_of_new = nearest(held_out, train)[0]
    above, z = mann_whitney(distance, distance_of_new)
    sizes = len(train), len(held_out)
    share, z_share = _preference(distance, place, *nearest(generated, held_out), sizes)
    expected = len(train) / sum(sizes)
    return Memorisation(z, 1 - above, share, expected, z_share, place, distance, distance_of_new)


def mann_whitney(a: Float[Tensor, " G"], b: Float[Tensor, " H"]) -> tuple[float, float]:
    """Compare two samples by ranks: P(a > b) + ½ P(a = b), and the z-score of U with the correction for ties.

    Example:
        >>> share, z = mann_whitney(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0]))
        >>> share, round(z, 4)
        (1.0, 1.5492)
    """
    pairs, n = len(a) * len(b), len(a) + len(b)
    _, inverse, ties = torch.cat([a, b]).unique(return_inverse=True, return_counts=True)
    ties = ties.double()
    rank = (ties.cumsum(0) - (ties - 1) / 2)[inverse]
    u = rank[: len(a)].sum().item() - len(a) * (len(a) + 1) / 2
    spread = n + 1 - (ties**3 - ties).sum().item() / (n * (n - 1))
    z = (u - pairs / 2) / math.sqrt(pairs / 12 * spread) if spread > 1e-9 else 0.0
    return u / pairs, z


def _preference(
    to_train: Tensor, place: Tensor, to_new: Tensor, place_of_new: Tensor, sizes: tuple[int, int]
) -> tuple[float, float]:
    """The share of generated vectors that are nearer to training than to held-out ones, and its z-score."""
    (old, new), n, count = sizes, sum(sizes), len(to_train)
    prefers = (to_train < to_new).double() + (to_train == to_new).double() / 2
    weights = torch.zeros(n, dtype=torch.float64, device=prefers.device)
    weights.index_add_(0, place, prefers)
    weights.index_add_(0, old + place_of_new, 1 - prefers)
    variance = old * new / (n * (n - 1)) * (weights - weights.mean()).square().sum().item() / count**2
    share = prefers.mean().item()
    return share, (share - old / n) / math.sqrt(variance) if variance > 0 else 0.0
