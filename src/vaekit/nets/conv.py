"""Strided convolutions with batch normalisation, the commonest VAE network for images, for any image size."""

from itertools import pairwise
from math import prod
from typing import Literal

from torch import nn

from vaekit.nets.convolution import Doubling, Halving
from vaekit.nets.encoder import Encoder
from vaekit.nets.shapes import stage_sizes

_SMALLEST_SIDE = 2


def conv_encoder(shape: tuple[int, int, int], widths: tuple[int, ...]) -> Encoder:
    """Halve an image by one 3×3 convolution, batch normalisation and ReLU per stage, then flatten it.

    Args:
        shape: one image, (C, H, W); height and width of at least 8.
        widths: channels after each stage. A small image uses the first few only: no side falls under 2.

    Example:
        >>> conv_encoder((3, 64, 64), (32, 64, 128, 256, 512)).out_features
        2048
    """
    channels, height, width = shape
    sizes = stage_sizes((height, width), len(widths), _SMALLEST_SIDE)
    widths = widths[: len(sizes) - 1]
    stages: list[nn.Module] = []
    for fan_in, fan_out in pairwise((channels, *widths)):
        # No bias: the normalisation would subtract it again.
        stages.append(nn.Sequential(Halving(fan_in, fan_out), nn.BatchNorm2d(fan_out), nn.ReLU()))
    return Encoder(nn.Sequential(*stages, nn.Flatten()), shape, widths[-1] * prod(sizes[-1]))


def conv_decoder(
    in_features: int,
    shape_out: tuple[int, int, int],
    widths: tuple[int, ...],
    keeps_width: Literal["last", "first"] = "last",
) -> nn.Sequential:
    """Mirror `conv_encoder`: a linear layer, transposed convolutions back through its sizes, a convolution.

    Args:
        in_features: length of an input vector.
        shape_out: one output, (K, H, W); height and width of at least 8.
        widths: channels in the *encoder's* order; as in the encoder, small images use the first few.
        keeps_width: which transposed convolution has as many channels before as after. With "last" each
            resolution has the encoder's width; with "first", as in the post, that of the next smaller one.

    Example:
        >>> import torch
        >>> conv_decoder(2, (1, 17, 23), (8, 16, 32))(torch.zeros(5, 2)).shape
        torch.Size([5, 1, 17, 23])
    """
    channels, height, width = shape_out
    sizes = stage_sizes((height, width), len(widths), _SMALLEST_SIDE)
    widths = widths[: len(sizes) - 1]
    first = (widths[-1], *sizes[-1])
    stages: list[nn.Module] = [nn.Linear(in_features, prod(first)), nn.Unflatten(1, first)]
    mirrored = widths[::-1]
    path = (*mirrored, widths[0]) if keeps_width == "last" else (widths[-1], *mirrored)
    for (fan_in, fan_out), size in zip(pairwise(path), reversed(sizes[:-1]), strict=True):
        stages.append(nn.Sequential(Doubling(fan_in, fan_out, size), nn.BatchNorm2d(fan_out), nn.ReLU()))
    return nn.Sequential(*stages, nn.Conv2d(widths[0], channels, kernel_size=3, padding=1))
