"""The figures of SCIENCE.md, part 1, counted; and the exactness of the mirrored sizes."""

import pytest
import torch
from torch import Tensor, nn

from vaekit.nets import NetOptions, build_decoder, build_encoder, conv_decoder, conv_encoder
from vaekit.nets.convolution import Doubling, Halving
from vaekit.nets.options import NetName

_CELEBA = (3, 64, 64)


def _count_multiply_accumulates(module: nn.Module, x: Tensor) -> int:
    """Count the products of one example's forward pass, biases and normalisations apart."""
    count = 0

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal count
        if isinstance(layer, nn.Linear):
            count += layer.weight.numel()
        elif isinstance(layer, nn.Conv2d | Halving):
            count += layer.weight.numel() * output[0, 0].numel()
        elif isinstance(layer, Doubling):
            count += layer.weight.numel() * inputs[0][0, 0].numel()

    handles = [layer.register_forward_hook(add) for layer in module.modules()]
    module(x)
    for handle in handles:
        handle.remove()
    return count


@pytest.mark.parametrize(
    ("net", "encoder_count", "decoder_count"),
    [("conv", 19_759_104, 31_850_496), ("conv_post", 336_273_408, 1_345_130_496)],
)
def test_multiply_accumulates_of_the_blog_post(net: NetName, encoder_count: int, decoder_count: int) -> None:
    """Check that 52 MMAC (widening) and 1.68 GMAC (the post's order) are encoder *and* decoder together.

    The linear layers, three of features × 128 latents (μ, log σ², decoder), add 0.8 and 0.05 MMAC.
    """
    options = NetOptions(net=net, size="base")
    encoder, decoder = build_encoder(options, _CELEBA), build_decoder(options, 128, _CELEBA)
    linear = 128 * encoder.out_features
    with torch.no_grad():
        in_encoder = _count_multiply_accumulates(encoder, torch.zeros(1, *_CELEBA))
        in_decoder = _count_multiply_accumulates(decoder, torch.zeros(1, 128)) - linear
    assert (in_encoder, in_decoder) == (encoder_count, decoder_count)
    whole = in_encoder + in_decoder + 3 * linear
    assert whole == pytest.approx({"conv": 52e6, "conv_post": 1.68e9}[net], rel=0.01)


@pytest.mark.parametrize(
    ("net", "features", "last"), [("conv", 2048, (512, 2, 2)), ("conv_post", 128, (32, 2, 2))]
)
def test_features_left_at_64_pixels(net: NetName, features: int, last: tuple[int, int, int]) -> None:
    encoder = build_encoder(NetOptions(net=net, size="base"), _CELEBA)
    *stages, _ = encoder.layers.children()
    assert nn.Sequential(*stages)(torch.zeros(2, *_CELEBA)).shape == (2, *last)
    assert encoder.out_features == features


@pytest.mark.parametrize(("side", "stages"), [(64, 5), (28, 4), (9, 3), (8, 2), (200, 5)])
def test_number_of_stages(side: int, stages: int) -> None:
    encoder = conv_encoder((1, side, side), (2, 3, 4, 5, 6))
    decoder = conv_decoder(2, (1, side, side), (2, 3, 4, 5, 6))
    assert sum(isinstance(layer, nn.Conv2d | Halving) for layer in encoder.modules()) == stages
    assert sum(isinstance(layer, Doubling) for layer in decoder.modules()) == stages


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 17, 23), (3, 48, 64)])
def test_decoder_walks_back_through_the_sizes_and_widths_of_the_encoder(shape: tuple[int, int, int]) -> None:
    widths = (4, 6, 8, 10, 12)
    encoder, decoder = conv_encoder(shape, widths), conv_decoder(2, shape, widths)
    down: list[torch.Size] = []
    x = torch.zeros(2, *shape)
    for stage in list(encoder.layers.children())[:-1]:
        x = stage(x)
        down.append(x.shape)
    up: list[torch.Size] = []
    h = torch.zeros(2, 2)
    for stage in decoder:
        h = stage(h)
        up.append(h.shape)
    assert up[1:-2] == down[::-1]
    assert up[-2] == (2, widths[0], *shape[1:])


def test_order_of_the_post_has_the_encoders_widths_one_resolution_later() -> None:
    decoder = conv_decoder(2, (1, 28, 28), (4, 6, 8, 10), keeps_width="first")
    h = torch.zeros(2, 2)
    widths = [(h := stage(h)).shape[1] for stage in decoder]
    assert widths[1:] == [10, 10, 8, 6, 4, 1]
