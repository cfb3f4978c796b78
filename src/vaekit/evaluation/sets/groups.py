"""Disjoint random groups of a set of vectors: what differs between them says how sure a number is."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

GROUPS = 10
"""Of them; a standard error from 10 groups is itself known to a quarter."""


def groups(x: Float[Tensor, "N F"], count: int, seed: int) -> list[Float[Tensor, "n F"]]:
    """Deal the vectors into groups whose sizes differ by one at most, in an order drawn from the seed.

    Example:
        >>> [len(group) for group in groups(torch.zeros(7, 2), 3, seed=0)]
        [3, 2, 2]
    """
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)).to(x.device)
    return [x[part] for part in order.tensor_split(count)]


def error_of_mean(values: Float[Tensor, " G"]) -> float:
    """s/√G of G independent values.

    Example:
        >>> error_of_mean(torch.tensor([0.0, 2.0]))
        1.0
    """
    return values.double().std().item() / math.sqrt(len(values))
