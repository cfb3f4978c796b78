"""Both forms of a convolution are the same map, with the same derivatives of first and second order."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import conv2d, conv_transpose2d

from vaekit.nets import convolution
from vaekit.nets.convolution import Doubling, Halving

_SIZES = [(1, 1), (2, 2), (3, 5), (4, 4), (7, 2), (8, 8), (9, 6), (16, 5)]


@pytest.fixture(params=[0, 10**6], ids=["direct", "product"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test sees each form, whatever is chosen for its sizes."""
    monkeypatch.setattr(convolution, "_FEW_POSITIONS", request.param)


def _lay(layer: nn.Module, layout: torch.memory_format) -> None:
    for parameter in layer.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_halving_is_torchs_convolution(size: tuple[int, int], layout: torch.memory_format) -> None:
    layer = Halving(5, 7, bias=True).double()
    _lay(layer, layout)
    x = torch.randn(3, 5, *size, dtype=torch.float64).to(memory_format=layout)
    expected = conv2d(x, layer.weight, layer.bias, stride=2, padding=1)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_doubling_is_torchs_transposed_convolution(
    size: tuple[int, int], layout: torch.memory_format
) -> None:
    layer = Doubling(5, 7, size).double()
    _lay(layer, layout)
    x = torch.randn(3, 5, *(-(-side // 2) for side in size), dtype=torch.float64).to(memory_format=layout)
    missing = (1 - size[0] % 2, 1 - size[1] % 2)
    expected = conv_transpose2d(x, layer.weight, stride=2, padding=1, output_padding=missing)
    torch.testing.assert_close(layer(x), expected)
    assert layer(x).shape[-2:] == size


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("layer", [Halving(2, 3, bias=True), Doubling(2, 3, (3, 4))])
def test_derivatives_of_both_orders(layer: nn.Module) -> None:
    """Finite differences in float64, in the input and in the weights."""
    layer = layer.double()
    names = [name for name, _ in layer.named_parameters()]
    side = (3, 4) if isinstance(layer, Halving) else (2, 2)
    x = torch.randn(2, 2, *side, dtype=torch.float64, requires_grad=True)

    def output(x: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (x,))

    assert gradcheck(output, (x, *layer.parameters()))
    assert gradgradcheck(output, (x, *layer.parameters()))


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("layer", [Halving(2, 3), Doubling(2, 3, (4, 4))])
def test_jacobians_by_transforms(layer: nn.Module) -> None:
    """What asks for a whole Jacobian at once gets the one of row by row."""
    x = torch.randn(1, 2, 4 if isinstance(layer, Halving) else 2, 4 if isinstance(layer, Halving) else 2)
    by_rows = torch.autograd.functional.jacobian(layer, x)
    assert isinstance(by_rows, Tensor)
    torch.testing.assert_close(torch.func.jacrev(layer)(x), by_rows)


def test_initial_weights_are_torchs() -> None:
    torch.manual_seed(0)
    halving, doubling = Halving(3, 4, bias=True), Doubling(4, 3, (8, 8))
    torch.manual_seed(0)
    convolution, transposed = nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 3, 3, bias=False)
    assert torch.equal(halving.weight, convolution.weight)
    assert halving.bias is not None
    assert convolution.bias is not None
    assert torch.equal(halving.bias, convolution.bias)
    assert torch.equal(doubling.weight, transposed.weight)


def test_bfloat16_adds_up_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error against float64 is that of rounding factors and the result once: 3 · 2⁻⁹ of the terms' size."""
    monkeypatch.setattr(convolution, "_FEW_POSITIONS", 10**6)
    layer = Doubling(256, 8, (8, 8))
    x = torch.randn(16, 256, 4, 4)
    exact = conv_transpose2d(x.double(), layer.weight.double(), stride=2, padding=1, output_padding=1)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(x)
    assert rounded.dtype == torch.bfloat16
    assert (rounded - exact).abs().max() < 3 * 2**-9 * exact.abs().max()
