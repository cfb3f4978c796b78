"""The type of every encoder: layers that turn an example into a vector of known length."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from vaekit.errors import UserError


@final
class Encoder(nn.Module):
    """Map examples to feature vectors, and refuse examples of another shape than it was built for.

    Args:
        layers: map of (N, *shape) to (N, out_features).
        shape: one example, (D,) or (C, H, W).
        out_features: number of features of an example.

    Example:
        >>> import torch
        >>> encoder = Encoder(nn.Flatten(), shape=(1, 8, 8), out_features=64)
        >>> encoder(torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 64])
    """

    def __init__(self, layers: nn.Module, shape: tuple[int, ...], out_features: int) -> None:
        super().__init__()
        self.layers = layers
        self.shape = shape
        self.out_features = out_features

    def forward(self, x: Float[Tensor, "N *E"]) -> Float[Tensor, "N F"]:
        """Return the features of a batch.

        Args:
            x: (N, *shape) examples.

        Raises:
            UserError: the examples have another shape. (Sizes that halve alike, 60 and 64 say,
                would otherwise pass unnoticed.)
        """
        if tuple(x.shape[1:]) != self.shape:
            raise UserError(
                f"this network was built for examples of shape {self.shape}, not {tuple(x.shape[1:])}: "
                "resize the data or build the model anew"
            )
        return self.layers(x)
