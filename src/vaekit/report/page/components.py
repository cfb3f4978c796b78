"""The two directions in which vectors differ most."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor


@final
@dataclass(frozen=True, eq=False)
class Components:
    """Two principal components; of vectors of two numbers, these themselves.

    Args:
        mean: (d,).
        directions: orthonormal rows, (2, d).
        shares: of the variance that each holds; None where nothing is left out.
    """

    mean: Float[Tensor, " d"]
    directions: Float[Tensor, "2 d"]
    shares: tuple[float, float] | None

    @classmethod
    def of(cls, x: Float[Tensor, "N d"]) -> "Components":
        """The components of vectors.

        Example:
            >>> x = torch.tensor([[0.0, 0.0, 1.0], [0.0, 3.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, -1.0]])
            >>> [round(share, 3) for share in Components.of(x).shares]
            [0.9, 0.1]
        """
        x, d = x.double(), x.shape[1]
        if d <= 2:
            return cls(torch.zeros(d).double(), torch.eye(2, d).double(), None)
        mean = x.mean(0)
        _, values, directions = torch.linalg.svd(x - mean, full_matrices=False)
        power = values.square()
        shares = (power[:2] / power.sum().clamp(min=1e-30)).tolist()
        # The sign of a singular vector is arbitrary: its largest entry is positive here.
        largest = directions.gather(1, directions.abs().argmax(1, keepdim=True)).sign()
        return cls(mean, (directions * largest)[:2], (shares[0], shares[1] if len(shares) > 1 else 0.0))

    def points(self, x: Float[Tensor, "N d"]) -> list[tuple[float, float]]:
        """Where vectors lie."""
        return [(a, b) for a, b in ((x.double() - self.mean) @ self.directions.T).tolist()]

    def labels(self, name: str) -> tuple[str, str]:
        """Of the two axes."""
        if self.shares is None:
            return f"{name}[0]", f"{name}[1]"
        first, second = self.shares
        return f"first component, {first:.0%} of the variance", f"second component, {second:.0%}"

    def sentence(self, whose: str) -> str:
        """What the plane is, in words."""
        if self.shares is None:
            return f"the two numbers of {whose}"
        return f"the two principal components of {whose}, which hold {sum(self.shares):.0%} of their variance"
