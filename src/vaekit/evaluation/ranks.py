"""How often one value lies above another: what areas under curves are made of."""

import torch
from jaxtyping import Float
from torch import Tensor


def share_below(values: Float[Tensor, " n"], others: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
    """The share of `others` below each value, equal ones counted half.

    Its mean is P(value > other) + ½ P(value = other), the area under the receiver operating characteristic.

    Example:
        >>> share_below(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 1.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    ranked = others.double().sort().values
    left = torch.searchsorted(ranked, values.double())
    right = torch.searchsorted(ranked, values.double(), right=True)
    return (left + right).double() / (2 * len(ranked))
