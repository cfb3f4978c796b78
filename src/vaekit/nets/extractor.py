"""The network that is trained for its features: a small residual one for images, a perceptron for the rest."""

from math import prod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaekit.nets.encoder import Encoder
from vaekit.nets.mlp import hidden_layers
from vaekit.nets.resnet import resnet_encoder

FORMAT = "vaekit features 1"
"""What a file of such a network says of itself."""
FEATURES = 128
"""F of a trained space."""
WIDTHS = (16, 32, 64, 64)
HIDDEN = (256, 256)
_SMALLEST_SIDE = 8


@final
class Extractor(nn.Module):
    """Standardised examples through an encoder, a linear layer and SiLU: x ↦ φ(x).

    Args:
        shape: one example, (C, H, W) or (D,).
        features: F.

    Example:
        >>> Extractor((3, 16, 16), 8)(torch.zeros(5, 3, 16, 16)).shape
        torch.Size([5, 8])
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, shape: tuple[int, ...], features: int = FEATURES) -> None:
        super().__init__()
        wide = (shape[0], *[1] * (len(shape) - 1))
        self.register_buffer("mean", torch.zeros(wide))
        self.register_buffer("scale", torch.ones(wide))
        self.encoder = _encoder(shape)
        self.output = nn.Sequential(nn.Linear(self.encoder.out_features, features), nn.SiLU())

    def forward(self, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B F"]:
        """Return the features of a batch."""
        return self.output(self.encoder((x - self.mean) / self.scale))

    def maps(self, x: Float[Tensor, "B *E"]) -> tuple[Tensor, ...]:
        """What each stage of the residual network makes of a batch, finest first; of a perceptron its hidden layers'.

        Example:
            >>> [tuple(each.shape) for each in Extractor((3, 16, 16)).maps(torch.zeros(5, 3, 16, 16))]
            [(5, 16, 8, 8), (5, 32, 4, 4)]
        """
        h, found = (x - self.mean) / self.scale, list[Tensor]()
        for layer in self.encoder.layers.children():
            h = layer(h)
            found += [h] if isinstance(layer, nn.Sequential) else []
        return tuple(found)

    @torch.no_grad()
    def standardise(self, x: Float[Tensor, "N *E"]) -> None:
        """Take the mean and the standard deviation of each channel, or column, from training examples."""
        over = (0, *range(2, x.ndim))
        mean, deviation = x.double().mean(over), x.double().std(over, correction=0)
        # A column that never changes has nothing to say, and must not be blown up where it changes later.
        deviation = torch.where(deviation < 1e-6, torch.ones_like(deviation), deviation)
        self.mean.copy_(mean.reshape(self.mean.shape))
        self.scale.copy_(deviation.reshape(self.scale.shape))


def is_residual(shape: tuple[int, ...]) -> bool:
    """Whether examples are images large enough to be halved."""
    return len(shape) == 3 and min(shape[1:]) >= _SMALLEST_SIDE


def _encoder(shape: tuple[int, ...]) -> Encoder:
    if len(shape) == 3 and is_residual(shape):
        return resnet_encoder(shape, WIDTHS)
    return Encoder(nn.Sequential(nn.Flatten(), hidden_layers(prod(shape), HIDDEN, "silu")), shape, HIDDEN[-1])
