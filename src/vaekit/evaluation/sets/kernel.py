"""The kernel distance of two sets of vectors: an unbiased MMD² with a cubic kernel."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.evaluation.sets.distances import check_sets
from vaekit.evaluation.sets.groups import GROUPS, error_of_mean, groups
from vaekit.objectives.kernels import two_sample_mmd

SUBSET = 1000
"""Vectors of a subset, at most about."""


@final
@dataclass(frozen=True)
class KernelDistance:
    """The mean over disjoint subsets, and how sure it is.

    Args:
        value: MMD², unbiased, so that it may lie below 0.
        standard_error: over subsets.
        subsets: of each set.
    """

    value: float
    standard_error: float
    subsets: int


def cubic(x: Float[Tensor, "*#batch F"], y: Float[Tensor, "*#batch F"]) -> Float[Tensor, "*batch"]:
    """k(x, y) = (x·y/F + 1)³, the kernel of the kernel Inception distance.

    Example:
        >>> cubic(torch.ones(4), torch.ones(4))
        tensor(8.)
    """
    return (torch.einsum("...f,...f->...", x, y) / x.shape[-1] + 1) ** 3


def kernel_distance(
    a: Float[Tensor, "N F"], b: Float[Tensor, "M F"], subsets: int = GROUPS, seed: int = 0
) -> KernelDistance:
    """Measure MMD² with the cubic kernel: mean k(a, a') + mean k(b, b') − 2 mean k(a, b), over different pairs.

    Its mean does not depend on N and M, and is 0 where both sets come from one distribution. The cubic kernel
    sees the first three moments. The subsets are disjoint, therefore independent, and s/√n is their mean's
    standard error; drawn with overlaps, as is common, they would make it look smaller than it is. Published
    figures are often this times 1000. It is a KID only in Inception's feature space.

    Args:
        a: vectors, any float; the work is done in float64.
        b: likewise.
        subsets: of each set, at least; more where they would pass 1000 vectors.
        seed: of the subsets.

    Raises:
        UserError: if the vectors differ in length, or a set has fewer than two for each subset.

    Source: Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401; Gretton et al. 2012, lemma 6.

    Example:
        >>> x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
        >>> kernel_distance(x, x + 2).value > 0.5
        True
    """
    check_sets(a, b, names=("first", "second"), fewest=2 * subsets)
    count = max(subsets, min(len(a), len(b)) // SUBSET)
    size = min(len(a), len(b)) // count
    pairs = zip(groups(a.detach(), count, seed), groups(b.detach(), count, seed), strict=True)
    # What a much larger set adds is little, and all its pairs would not fit into memory.
    most = 4 * size
    values = torch.stack([two_sample_mmd(x[:most].double(), y[:most].double(), cubic) for x, y in pairs])
    return KernelDistance(values.mean().item(), error_of_mean(values), count)
