"""What a network sees of examples with missing values: a value in place of each, and which ones these are."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn


@final
class ObservedInputs(nn.Module):
    """Fill what is missing (NaN) and put the mask beside it, 1 where a value was observed.

    Args:
        shape: of one example.
        inner: what is done to the filled examples first; default nothing.

    Source: Mattei & Frellsen 2019, https://arxiv.org/abs/1812.02633, section 3.2, ι(x_obs); its zeros stand here
    until `fill` is set, and the mask is added.

    Example:
        >>> ObservedInputs((2,))(torch.tensor([[3.0, torch.nan]]))
        tensor([[3., 0., 1., 0.]])
    """

    fill: Tensor

    def __init__(self, shape: Sequence[int], inner: nn.Module | None = None) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("fill", torch.zeros(tuple(shape)))

    def forward(self, x: Float[Tensor, "N *E"]) -> Float[Tensor, "N *F"]:
        """Return values and mask, one after the other along the first axis of an example."""
        seen = ~x.isnan()
        values = torch.where(seen, x, self.fill.to(x.dtype))
        values = values if self.inner is None else self.inner(values)
        return torch.cat([values, seen.to(values.dtype)], 1)
