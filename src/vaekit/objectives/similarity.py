"""How alike two images are in structure: SSIM, and its form over several scales."""

from dataclasses import dataclass
from math import exp
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from vaekit.errors import CapabilityError

WINDOW = 11
"""Sides of the Gaussian window, in pixels; a smaller image has no SSIM: another window is another measure."""
SIGMA = 1.5
STABILISERS = (0.01**2, 0.03**2)
"""c₁ and c₂ for a data range of 1."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Wang et al. 2003, section 3.2, finest scale first."""


@final
@dataclass(frozen=True)
class MultiScale:
    """MS-SSIM of pairs of images, and over how many scales.

    Args:
        values: at most 1, (N,).
        scales: M; 5 as published where both sides have at least 176 pixels.
    """

    values: Float[Tensor, " N"]
    scales: int

    @property
    def name(self) -> str:
        """ "MS-SSIM", with the number of scales where it is not the published one."""
        return "MS-SSIM" if self.scales == len(SCALE_WEIGHTS) else f"MS-SSIM (scales: {self.scales})"


def ssim(x: Float[Tensor, "N C H W"], y: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Structural similarity: the mean over windows and channels of luminance times contrast and structure.

    SSIM = (2μ_x μ_y + c₁)(2σ_xy + c₂) / ((μ_x² + μ_y² + c₁)(σ_x² + σ_y² + c₂)) in Gaussian windows of 11 × 11 pixels
    with σ = 1.5, c₁ = .01², c₂ = .03². Windows lie within the image; nothing is padded.

    Args:
        x: images in [0, 1], (N, C, H, W).
        y: images in [0, 1].

    Raises:
        CapabilityError: for images with a side under 11 pixels.

    Source: Wang et al. 2004, Image quality assessment, https://doi.org/10.1109/TIP.2003.819861, equation 13.

    Example:
        >>> x = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
        >>> ssim(x, x)
        tensor([1., 1., 1.])
    """
    _check_sides(x)
    luminance, contrast = _terms(x, y)
    return (luminance * contrast).flatten(1).mean(-1)


def ms_ssim(x: Float[Tensor, "N C H W"], y: Float[Tensor, "N C H W"], window: int = WINDOW) -> MultiScale:
    """Structural similarity over scales: Π_j (mean of contrast and structure)_j^{w_j}, luminance at the coarsest.

    Each scale halves the one before by the mean of 2 × 2 pixels. There are five with the published weights, or as
    many as leave 11 pixels on each side (28 pixels: 2, 64: 3), their weights divided by their sum. A negative mean
    counts as 0.

    Args:
        x: images in [0, 1], (N, C, H, W).
        y: images in [0, 1].
        window: odd side of the window; any other than 11 makes another measure.

    Raises:
        CapabilityError: for images with a side under that of the window.

    Source: Wang et al. 2003, Multi-scale structural similarity, https://doi.org/10.1109/ACSSC.2003.1292216,
    equation 7, the product of the coarsest scale averaged as in the authors' code.

    Example:
        >>> x = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
        >>> same = ms_ssim(x, x)
        >>> same.values, same.name
        (tensor([1.]), 'MS-SSIM (scales: 2)')
    """
    _check_sides(x, window)
    weights = SCALE_WEIGHTS[: scales_of(x.shape[-2], x.shape[-1], window)]
    product = torch.ones(len(x), dtype=x.dtype, device=x.device)
    for scale, weight in enumerate(weights):
        luminance, contrast = _terms(x, y, window)
        last = scale == len(weights) - 1
        mean = (luminance * contrast if last else contrast).flatten(1).mean(-1)
        # 0 has a power below 1, but that has no finite slope.
        above = torch.where(mean > 0, mean, torch.ones_like(mean))
        product = product * torch.where(mean > 0, above ** (weight / sum(weights)), torch.zeros_like(mean))
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return MultiScale(product, len(weights))


def scales_of(height: int, width: int, window: int = WINDOW) -> int:
    """How many of the five scales leave a window's side; 0 where none does.

    Example:
        >>> [scales_of(side, side) for side in (8, 11, 28, 64, 176)]
        [0, 1, 2, 3, 5]
    """
    side = min(height, width)
    return sum(side >> scale >= window for scale in range(len(SCALE_WEIGHTS)))


def _check_sides(x: Float[Tensor, "N C H W"], window: int = WINDOW) -> None:
    if scales_of(x.shape[-2], x.shape[-1], window) == 0:
        raise CapabilityError(
            f"SSIM looks through a window of {window} × {window} pixels, and these images have "
            f"{x.shape[-2]} × {x.shape[-1]}"
        )


def _terms(
    x: Float[Tensor, "N C H W"], y: Float[Tensor, "N C H W"], window: int = WINDOW
) -> tuple[Float[Tensor, "N C h w"], Float[Tensor, "N C h w"]]:
    """Luminance, and contrast times structure, of every window."""
    c1, c2 = STABILISERS
    mean_x, mean_y, xx, yy, xy = (_windowed(values, window) for values in (x, y, x * x, y * y, x * y))
    # Rounding may take a variance below 0.
    spread = (xx - mean_x**2).clamp(min=0) + (yy - mean_y**2).clamp(min=0)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * (xy - mean_x * mean_y) + c2) / (spread + c2)


def _windowed(values: Float[Tensor, "N C H W"], window: int) -> Float[Tensor, "N C h w"]:
    """The Gaussian mean of every window that lies within the image: down the columns, then along the rows."""
    bell = [exp(-((i - window // 2) ** 2) / (2 * SIGMA**2)) for i in range(window)]
    kernel = values.new_tensor(bell) / sum(bell)
    flat = values.flatten(0, 1).unsqueeze(1)
    flat = conv2d(conv2d(flat, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return flat.squeeze(1).unflatten(0, values.shape[:2])
