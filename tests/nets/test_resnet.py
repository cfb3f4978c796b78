import pytest
import torch
from torch import nn

from vaekit.nets import ResidualBlock, resnet_decoder, resnet_encoder


@pytest.mark.parametrize("channels", [1, 12, 16])
def test_block_starts_as_the_identity_and_can_leave_it(channels: int) -> None:
    torch.manual_seed(0)
    block = ResidualBlock(channels)
    x = torch.randn(3, channels, 5, 6)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    last = block.residual[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.weight.grad is not None
    assert last.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("side", "features"), [(8, 16 * 4 * 4), (9, 16 * 5 * 5), (28, 64 * 4 * 4), (64, 64 * 4 * 4)]
)
def test_no_side_falls_under_four(side: int, features: int) -> None:
    assert resnet_encoder((1, side, side), (16, 32, 64, 64)).out_features == features


def test_decoder_starts_where_the_encoder_ends() -> None:
    encoder = resnet_encoder((3, 17, 23), (16, 32, 64, 64))
    first = resnet_decoder(5, (3, 17, 23), (16, 32, 64, 64))[0]
    assert first.out_features == encoder.out_features
