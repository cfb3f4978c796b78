"""What a network sees of a table: every column on a scale of its own, and categories one by one."""

from collections.abc import Sequence
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

Seen = Literal["as it is", "standardised", "logarithm", "log of one more"] | int
"""How a column enters; a number K: as one of K categories, each an input of its own."""


@final
class TableInputs(nn.Module):
    """Put the columns of a table in the form in which a network takes them; nothing here is learned.

    Args:
        seen: how each column enters: (x − m)/s, with log x or log(1 + x) in the place of x; or one input for each
            category.
        means: m of each column.
        spreads: s of each column.

    Example:
        >>> inputs = TableInputs(["standardised", 3], [1.0, 0.0], [2.0, 1.0])
        >>> inputs(torch.tensor([[5.0, 1.0]])), inputs.out_features
        (tensor([[2., 0., 1., 0.]]), 4)
    """

    def __init__(self, seen: Sequence[Seen], means: Sequence[float], spreads: Sequence[float]) -> None:
        super().__init__()
        self.seen, self.means, self.spreads = tuple(seen), tuple(means), tuple(spreads)
        self.out_features = sum(how if isinstance(how, int) else 1 for how in seen)

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N F"]:
        """Return the inputs of a batch."""
        return torch.cat([self._of(x[:, i : i + 1], i) for i in range(len(self.seen))], -1)

    def _of(self, x: Float[Tensor, "N 1"], i: int) -> Float[Tensor, "N K"]:
        how, mean, spread = self.seen[i], self.means[i], self.spreads[i]
        if isinstance(how, int):
            codes = torch.arange(how, dtype=x.dtype, device=x.device)
            return (x.round() == codes).to(x.dtype)
        if how == "as it is":
            return x
        if how == "logarithm":
            # What is missing or was corrupted may be 0 or less: six deviations below is as far as anything is seen.
            return ((x.clamp(min=1e-30).log() - mean) / spread).clamp(min=-6.0)
        if how == "log of one more":
            return (x.clamp(min=0.0).log1p() - mean) / spread
        return (x - mean) / spread
