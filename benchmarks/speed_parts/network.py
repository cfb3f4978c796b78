"""The network that everybody trains, of torch's own modules: the layers of vaekit's `conv`, size `base`."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256, 512)
LATENTS = 128
SHAPE = (3, 64, 64)


class PlainEncoder(nn.Module):
    """Five strided convolutions with batch normalisation and ReLU, then μ and log σ²."""

    def __init__(self, channels: int, side: int, latents: int, widths: Sequence[int]) -> None:
        super().__init__()
        stages = [
            nn.Sequential(
                nn.Conv2d(fan_in, fan_out, kernel_size=3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(fan_out),
                nn.ReLU(),
            )
            for fan_in, fan_out in pairwise((channels, *widths))
        ]
        self.layers = nn.Sequential(*stages, nn.Flatten())
        features = widths[-1] * (side >> len(widths)) ** 2
        self.mean = nn.Linear(features, latents)
        self.log_variance = nn.Linear(features, latents)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(x)
        return self.mean(features), self.log_variance(features)


def plain_decoder(channels: int, side: int, latents: int, widths: Sequence[int]) -> nn.Sequential:
    """The mirror image: a linear layer, five transposed convolutions, a convolution; no squashing."""
    first = (widths[-1], side >> len(widths), side >> len(widths))
    stages: list[nn.Module] = [nn.Linear(latents, prod(first)), nn.Unflatten(1, first)]
    for fan_in, fan_out in pairwise((*widths[::-1], widths[0])):
        stages.append(
            nn.Sequential(
                nn.ConvTranspose2d(
                    fan_in, fan_out, kernel_size=3, stride=2, padding=1, output_padding=1, bias=False
                ),
                nn.BatchNorm2d(fan_out),
                nn.ReLU(),
            )
        )
    return nn.Sequential(*stages, nn.Conv2d(widths[0], channels, kernel_size=3, padding=1))


class Autoencoder(nn.Module):
    """An encoder that returns (μ, log σ²) and a decoder, with one draw of z between them.

    Args:
        encoder: (N, C, H, W) to two of (N, d).
        decoder: (N, d) to (N, C, H, W).
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The decoder's output, μ and log σ²."""
        mean, log_variance = self.encoder(x)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(z), mean, log_variance


def plain(
    shape: tuple[int, int, int] = SHAPE, latents: int = LATENTS, widths: Sequence[int] = WIDTHS
) -> Autoencoder:
    """The whole network of torch's own modules."""
    channels, side, _ = shape
    return Autoencoder(
        PlainEncoder(channels, side, latents, widths), plain_decoder(channels, side, latents, widths)
    )


def forward_flops(network: nn.Module, x: Tensor) -> list[tuple[str, int]]:
    """Name and floating-point operations of every convolution and linear layer, for one pass of x.

    A product and its addition are two operations; normalisation, activations and losses are left out.
    """
    found: list[tuple[str, int]] = []

    def hook(name: str):
        def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if isinstance(module, nn.Linear):
                products = output.numel() * module.in_features
            elif isinstance(module, nn.ConvTranspose2d):
                products = inputs[0].numel() * module.out_channels * prod(module.kernel_size)
            elif isinstance(module, nn.Conv2d):
                products = output.numel() * module.in_channels * prod(module.kernel_size)
            else:
                return
            found.append((name, 2 * products))

        return count

    handles = [module.register_forward_hook(hook(name)) for name, module in network.named_modules()]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return found


def training_flops(network: nn.Module, shape: tuple[int, int, int] = SHAPE) -> int:
    """Operations of one training step for one image: forward, and both gradients of every layer.

    The first layer needs no gradient with respect to the image.
    """
    per_layer = [flops for _, flops in forward_flops(network.eval(), torch.zeros(1, *shape))]
    network.train()
    return 3 * sum(per_layer) - per_layer[0]
