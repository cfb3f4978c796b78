"""Build the encoder and the decoder that the options ask for."""

from math import prod

from torch import nn

from vaekit.nets.conv import conv_decoder, conv_encoder
from vaekit.nets.encoder import Encoder
from vaekit.nets.mlp import MLP, hidden_layers
from vaekit.nets.options import NetName, NetOptions, SizeName, resolve
from vaekit.nets.resnet import resnet_decoder, resnet_encoder

__all__ = ["NetOptions", "build_decoder", "build_encoder", "resolve"]

_WIDTHS: dict[NetName, dict[SizeName, tuple[int, ...]]] = {
    "linear": {"tiny": (), "small": (), "base": ()},
    "mlp": {"tiny": (64, 64), "small": (200, 200), "base": (512, 512)},
    "conv": {
        "tiny": (8, 16, 32, 64, 128),
        "small": (16, 32, 64, 128, 256),
        "base": (32, 64, 128, 256, 512),
    },
    "conv_post": {
        "tiny": (128, 64, 32, 16, 8),
        "small": (256, 128, 64, 32, 16),
        "base": (512, 256, 128, 64, 32),
    },
    "resnet": {"tiny": (16, 32, 64, 64), "small": (32, 64, 128, 128), "base": (64, 128, 256, 256)},
}


def build_encoder(options: NetOptions, shape: tuple[int, ...]) -> Encoder:
    """Build the network from an example to its features; the posterior adds the layers of its parameters.

    Args:
        options: which network; "auto" is resolved by the shape.
        shape: one example, (D,) or (C, H, W).

    Raises:
        UserError: the network cannot take such examples.

    Example:
        >>> build_encoder(NetOptions(net="conv", size="base"), (3, 64, 64)).out_features
        2048
    """
    options = resolve(options, shape)
    widths = _widths(options)
    if options.net in ("linear", "mlp"):
        dimensions = prod(shape)
        layers = nn.Sequential(nn.Flatten(), hidden_layers(dimensions, widths, options.activation))
        return Encoder(layers, shape, (dimensions, *widths)[-1])
    encoder = resnet_encoder if options.net == "resnet" else conv_encoder
    return encoder(_image(shape), widths)


def build_decoder(options: NetOptions, in_features: int, shape_out: tuple[int, ...]) -> nn.Module:
    """Build the network from a latent vector to (N, *shape_out), the mirror image of the encoder.

    Args:
        options: which network. Resolve "auto" by the shape of the data first where `shape_out` differs in
            more than its number of channels.
        in_features: length of a latent vector.
        shape_out: (K, H, W), or (K·D,) for vectors, K the number of values that a likelihood wants per pixel.

    Raises:
        UserError: the network cannot make such outputs.

    Example:
        >>> import torch
        >>> build_decoder(NetOptions(), 2, (3, 28, 30))(torch.zeros(5, 2)).shape
        torch.Size([5, 3, 28, 30])
    """
    options = resolve(options, shape_out)
    widths = _widths(options)
    if options.net in ("linear", "mlp"):
        mlp = MLP(in_features, widths[::-1], prod(shape_out), options.activation)
        return nn.Sequential(mlp, nn.Unflatten(1, shape_out))
    image = _image(shape_out)
    if options.net == "resnet":
        return resnet_decoder(in_features, image, widths)
    return conv_decoder(in_features, image, widths, "first" if options.net == "conv_post" else "last")


def _widths(options: NetOptions) -> tuple[int, ...]:
    return _WIDTHS[options.net][options.size] if options.hidden is None else options.hidden


def _image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    channels, height, width = shape
    return channels, height, width
