"""One contract, held by every network at every size of image."""

from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from vaekit.errors import UserError
from vaekit.nets import Activation, NetOptions, build_decoder, build_encoder, uses_batch_statistics
from vaekit.nets.options import NetName

_NETS: tuple[NetName, ...] = ("linear", "mlp", "conv", "conv_post", "resnet")
_SIZES = [(8, 8), (9, 9), (28, 28), (32, 32), (48, 64), (17, 23), (64, 64)]
_LATENTS = 5


def _build(net: NetName, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Return the encoder with a linear head, and the decoder."""
    torch.manual_seed(0)
    options = NetOptions(net=net, size="tiny")
    encoder = build_encoder(options, shape)
    head = nn.Linear(encoder.out_features, _LATENTS)
    return nn.Sequential(encoder, head), build_decoder(options, _LATENTS, shape)


def _examples(shape: tuple[int, ...]) -> Tensor:
    return torch.rand(4, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("net", _NETS)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", _SIZES)
def test_shapes(net: NetName, channels: int, size: tuple[int, int]) -> None:
    shape = (channels, *size)
    options = NetOptions(net=net, size="tiny")
    encoder, decoder = build_encoder(options, shape), build_decoder(options, _LATENTS, (2 * channels, *size))
    with torch.no_grad():
        assert encoder(_examples(shape)).shape == (4, encoder.out_features)
        assert decoder(torch.zeros(4, _LATENTS)).shape == (4, 2 * channels, *size)


@pytest.mark.parametrize("net", _NETS)
@pytest.mark.parametrize("size", [(9, 9), (17, 23)])
def test_every_parameter_receives_gradient(net: NetName, size: tuple[int, int]) -> None:
    encoder, decoder = _build(net, (3, *size))
    layers = nn.ModuleList([encoder, decoder])
    for parameter in layers.parameters():  # away from the zeros that residual blocks start with
        nn.init.normal_(parameter, std=0.1)
    decoder(encoder(_examples((3, *size)))).square().sum().backward()
    silent = [
        name
        for name, value in layers.named_parameters()
        if value.grad is None or not value.grad.isfinite().all() or not value.grad.any()
    ]
    assert silent == []


@pytest.mark.parametrize("net", _NETS)
@pytest.mark.parametrize("training", [True, False])
def test_examples_see_one_another_only_where_batch_statistics_are_used(net: NetName, training: bool) -> None:
    shape = (3, 17, 23)
    encoder, decoder = _build(net, shape)
    autoencoder = nn.Sequential(encoder, decoder).double().train(training)
    for parameter in autoencoder.parameters():
        nn.init.normal_(parameter, std=0.1)
    couples = uses_batch_statistics(autoencoder)
    assert couples is (training and net in ("conv", "conv_post"))
    x = _examples(shape).double()
    with torch.no_grad():
        together = autoencoder(x)
        alone = torch.cat([autoencoder(example[None]) for example in x])
    assert together.dtype == torch.float64
    assert torch.allclose(together, alone, rtol=1e-9, atol=1e-12) is not couples


@pytest.mark.parametrize("net", ["linear", "mlp"])
@pytest.mark.parametrize("shape", [(1,), (12,), (1, 2, 3), (6, 7)])
def test_flat_networks_take_any_shape(net: NetName, shape: tuple[int, ...]) -> None:
    encoder, decoder = _build(net, shape)
    assert decoder(encoder(_examples(shape))).shape == (4, *shape)


@pytest.mark.parametrize("net", _NETS)
def test_empty_batch(net: NetName) -> None:
    encoder, decoder = _build(net, (1, 8, 8))
    x = torch.zeros(0, 1, 8, 8)
    assert decoder.eval()(encoder.eval()(x)).shape == x.shape


def test_linear_encoder_only_flattens_and_its_decoder_is_affine() -> None:
    encoder = build_encoder(NetOptions(net="linear"), (1, 2, 3))
    x = _examples((1, 2, 3))
    assert torch.equal(encoder(x), x.flatten(1))
    assert list(encoder.parameters()) == []
    decoder = build_decoder(NetOptions(net="linear"), 2, (1, 2, 3)).double()
    z, w = torch.randn(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(decoder((z + w) / 2), (decoder(z) + decoder(w)) / 2, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", get_args(Activation))
def test_hidden_layers_are_mirrored(activation: Activation) -> None:
    options = NetOptions(hidden=(30, 20), activation=activation)
    encoder, decoder = build_encoder(options, (1, 8, 8)), build_decoder(options, 2, (1, 8, 8))
    assert _linear_sizes(encoder) == [(64, 30), (30, 20)]
    assert _linear_sizes(decoder) == [(2, 20), (20, 30), (30, 64)]
    assert encoder.out_features == 20
    kinds = {"tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU}
    last = [module for module in encoder.modules() if not list(module.children())][-1]
    assert type(last) is kinds[activation]


@pytest.mark.parametrize(
    ("size", "widths"), [("tiny", (64, 64)), ("small", (200, 200)), ("base", (512, 512))]
)
def test_widths_of_the_mlp(size: str, widths: tuple[int, int]) -> None:
    options = {known: NetOptions(net="mlp", size=known) for known in ("tiny", "small", "base")}[size]
    assert _linear_sizes(build_encoder(options, (7,))) == [(7, widths[0]), widths]


@pytest.mark.parametrize("net", ["conv", "conv_post", "resnet"])
def test_decoder_refuses_what_the_encoder_refuses(net: NetName) -> None:
    for shape in ((7,), (1, 7, 30)):
        with pytest.raises(UserError, match="use --net mlp"):
            build_encoder(NetOptions(net=net), shape)
        with pytest.raises(UserError, match="use --net mlp"):
            build_decoder(NetOptions(net=net), 2, shape)


@pytest.mark.parametrize("net", ["conv", "conv_post", "resnet"])
@pytest.mark.parametrize("size", [(8, 8), (17, 23)])
def test_decoder_starts_with_as_many_features_as_the_encoder_leaves(
    net: NetName, size: tuple[int, int]
) -> None:
    options = NetOptions(net=net, size="tiny")
    encoder, decoder = build_encoder(options, (1, *size)), build_decoder(options, 2, (1, *size))
    assert _linear_sizes(decoder) == [(2, encoder.out_features)]


def _linear_sizes(module: nn.Module) -> list[tuple[int, int]]:
    return [
        (layer.in_features, layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)
    ]
