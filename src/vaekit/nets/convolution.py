"""3×3 convolutions that halve or double an image, each in the form that is faster where it runs."""

from math import prod
from typing import Any, final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function

_FEW_POSITIONS = 16
"""Up to so many places of the kernel a matrix product beats a direct convolution on a CPU (decision 21)."""


@final
class Halving(nn.Module):
    """A 3×3 convolution of stride 2 and padding 1: an image side s becomes ⌈s/2⌉.

    Args:
        fan_in: channels of the input.
        fan_out: channels of the output.
        bias: whether a constant is added to each channel.

    Example:
        >>> Halving(3, 8)(torch.zeros(2, 3, 9, 6)).shape
        torch.Size([2, 8, 5, 3])
    """

    bias: Tensor | None

    def __init__(self, fan_in: int, fan_out: int, bias: bool = False) -> None:
        super().__init__()
        made = nn.Conv2d(fan_in, fan_out, kernel_size=3, bias=bias)
        self.weight = made.weight
        self.bias = made.bias

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        """Return the smaller image."""
        size = [-(-side // 2) for side in x.shape[-2:]]
        if not _as_product(x, prod(size)):
            return F.conv2d(x, self.weight, self.bias, stride=2, padding=1)
        columns = _Unfold.apply(x.permute(0, 2, 3, 1)).flatten(3)
        return F.linear(columns, self.weight.permute(0, 2, 3, 1).flatten(1), self.bias).permute(0, 3, 1, 2)


@final
class Doubling(nn.Module):
    """The transposed convolution that mirrors `Halving`: from ⌈s/2⌉ to exactly s.

    Args:
        fan_in: channels of the input.
        fan_out: channels of the output.
        size: height and width of the output.

    Example:
        >>> Doubling(8, 3, (9, 6))(torch.zeros(2, 8, 5, 3)).shape
        torch.Size([2, 3, 9, 6])
    """

    def __init__(self, fan_in: int, fan_out: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.weight = nn.ConvTranspose2d(fan_in, fan_out, kernel_size=3, bias=False).weight

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N D H W"]:
        """Return the larger image."""
        height, width = self.size
        if not _as_product(x, x.shape[-2] * x.shape[-1]):
            # Without padding of its output it makes 2⌈s/2⌉ − 1 of ⌈s/2⌉: s when s is odd, one too few when even.
            missing = (1 - height % 2, 1 - width % 2)
            return F.conv_transpose2d(x, self.weight, stride=2, padding=1, output_padding=missing)
        columns = x.permute(0, 2, 3, 1) @ self.weight.permute(0, 2, 3, 1).flatten(1)
        return _Fold.apply(columns.unflatten(-1, (3, 3, -1)), height, width).permute(0, 3, 1, 2)


def _as_product(x: Tensor, positions: int) -> bool:
    """Whether convolving by one matrix product is faster: a CPU, many channels and few places."""
    return x.device.type == "cpu" and positions <= _FEW_POSITIONS


@final
class _Unfold(Function):
    """Gather the 3×3 neighbours of every second place: (N, H, W, C) → (N, h, w, 3, 3, C); adjoint of `_Fold`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        images, *size, channels = x.shape
        padded = F.pad(x, (0, 0, 1, 1, 1, 1))
        image, row, column, channel = padded.stride()
        shape = (images, *(-(-side // 2) for side in size), 3, 3, channels)
        return padded.as_strided(shape, (image, 2 * row, 2 * column, row, column, channel)).contiguous()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        ctx.size = inputs[0].shape[1:3]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Fold.apply(*gradients, *ctx.size)


@final
class _Fold(Function):
    """Add up what falls on the same place: (N, h, w, 3, 3, C) → (N, H, W, C); adjoint of `_Unfold`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(columns: Tensor, height: int, width: int) -> Tensor:
        images, rows, places, *_, channels = columns.shape
        # In float32 at least: up to four numbers meet in one place.
        exact = torch.promote_types(columns.dtype, torch.float32)
        total = columns.new_zeros((images, 2 * rows + 1, 2 * places + 1, channels), dtype=exact)
        for i in range(3):
            for j in range(3):
                total[:, i : i + 2 * rows : 2, j : j + 2 * places : 2] += columns[:, :, :, i, j]
        return total[:, 1 : height + 1, 1 : width + 1].to(columns.dtype).contiguous()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ARG004
        return _Unfold.apply(*gradients), None, None
