"""Inception v3 as the Fréchet inception distance uses it, up to its 2048 pooled features."""

from typing import Literal, final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

SIDE = 299
"""Height and width, in pixels, of what the network takes."""
FEATURES = 2048
CLASSES = 1008
"""Outputs of the last layer of the published weights; it plays no part in the features."""
Pooling = Literal["average", "maximum"]


@final
class Convolution(nn.Module):
    """Convolution without a constant, batch normalisation, rectifier."""

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(fan_in, fan_out, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(fan_out, eps=0.001)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """Return the activations."""
        return F.relu(self.bn(self.conv(x)))


def _pooled(x: Tensor, kind: Pooling) -> Tensor:
    """Pool 3×3 neighbourhoods; averages do not count what lies outside, as in the graph the weights come from."""
    if kind == "maximum":
        return F.max_pool2d(x, 3, stride=1, padding=1)
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


@final
class Mixed35(nn.Module):
    """The block at 35×35: 1×1, 5×5, two 3×3 and pooling, side by side."""

    def __init__(self, fan_in: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(fan_in, 64, 1)
        self.branch5x5_1 = Convolution(fan_in, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(fan_in, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(fan_in, pooled, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        """Return the branches, one after the other along the channels."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_pooled(x, "average"))], 1)


@final
class Reduction35(nn.Module):
    """From 35×35 to 17×17."""

    def __init__(self, fan_in: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(fan_in, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(fan_in, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """Return the branches, one after the other along the channels."""
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), three, F.max_pool2d(x, 3, stride=2)], 1)


@final
class Mixed17(nn.Module):
    """The block at 17×17, whose 7×7 convolutions are factored into 1×7 and 7×1."""

    def __init__(self, fan_in: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(fan_in, 192, 1)
        self.branch7x7_1 = Convolution(fan_in, width, 1)
        self.branch7x7_2 = Convolution(width, width, (1, 7), padding=(0, 3))
        self.branch7x7_3 = Convolution(width, 192, (7, 1), padding=(3, 0))
        self.branch7x7dbl_1 = Convolution(fan_in, width, 1)
        self.branch7x7dbl_2 = Convolution(width, width, (7, 1), padding=(3, 0))
        self.branch7x7dbl_3 = Convolution(width, width, (1, 7), padding=(0, 3))
        self.branch7x7dbl_4 = Convolution(width, width, (7, 1), padding=(3, 0))
        self.branch7x7dbl_5 = Convolution(width, 192, (1, 7), padding=(0, 3))
        self.branch_pool = Convolution(fan_in, 192, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        """Return the branches, one after the other along the channels."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_pooled(x, "average"))], 1)


@final
class Reduction17(nn.Module):
    """From 17×17 to 8×8."""

    def __init__(self, fan_in: int) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(fan_in, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(fan_in, 192, 1)
        self.branch7x7x3_2 = Convolution(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Convolution(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """Return the branches, one after the other along the channels."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], 1)


@final
class Mixed8(nn.Module):
    """The block at 8×8, whose 3×3 convolutions end side by side as 1×3 and 3×1."""

    def __init__(self, fan_in: int, pooling: Pooling) -> None:
        super().__init__()
        self.pooling: Pooling = pooling
        self.branch1x1 = Convolution(fan_in, 320, 1)
        self.branch3x3_1 = Convolution(fan_in, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(fan_in, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(fan_in, 192, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        """Return the branches, one after the other along the channels."""
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(once),
            self.branch3x3_2b(once),
            self.branch3x3dbl_3a(twice),
            self.branch3x3dbl_3b(twice),
            self.branch_pool(_pooled(x, self.pooling)),
        ]
        return torch.cat(branches, 1)


@final
class Inception(nn.Module):
    """Images in [0, 1] to the 2048 numbers of the last pooling of Inception v3.

    Grey images are repeated in three channels; all are resized to 299×299 and mapped to [−1, 1]. The names of the
    parameters are those of the published file of weights. Averages leave out what lies outside of the
    image, and the last block takes maxima: the graph of 2015 that these weights belong to does so.

    Args:
        classes: outputs of the last layer, which is held only because files of weights have it.

    Source:
        Szegedy et al. 2016 (arXiv 1512.00567), table 1; Heusel et al. 2017 (arXiv 1706.08500) for its use.
    """

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = Mixed35(192, 32)
        self.Mixed_5c = Mixed35(256, 64)
        self.Mixed_5d = Mixed35(288, 64)
        self.Mixed_6a = Reduction35(288)
        self.Mixed_6b = Mixed17(768, 128)
        self.Mixed_6c = Mixed17(768, 160)
        self.Mixed_6d = Mixed17(768, 160)
        self.Mixed_6e = Mixed17(768, 192)
        self.Mixed_7a = Reduction17(768)
        self.Mixed_7b = Mixed8(1280, "average")
        self.Mixed_7c = Mixed8(2048, "maximum")
        self.fc = nn.Linear(FEATURES, classes)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 2048"]:
        """Return the features of images with one or three channels."""
        x = 2 * resized(x).expand(-1, 3, -1, -1) - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, stride=2))))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        x = self.Mixed_7a(self.Mixed_6e(self.Mixed_6d(x)))
        return self.Mixed_7c(self.Mixed_7b(x)).mean((2, 3))


def resized(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C 299 299"]:
    """Interpolate images linearly in both directions; where they shrink, every pixel counts.

    Example:
        >>> resized(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 1, 299, 299])
    """
    return F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)


RESIZE = "bilinear, antialiased, to 299×299"
