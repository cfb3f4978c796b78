"""Random views of examples: shifted or cropped pictures, other colours, masked columns of tables."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from vaekit.noise import Noise

SMALLEST_AREA = 0.4
"""Least part of a picture's area that a crop keeps."""
MASKED = 0.3
"""Part of a table's columns that a view masks."""
_STRENGTH = 0.4
_LUMINANCE = (0.299, 0.587, 0.114)


def shifted(x: Float[Tensor, "B *E"], noise: Noise) -> Float[Tensor, "B *E"]:
    """Move each picture by whole pixels, at most a fourteenth of its side; vectors stay as they are.

    Args:
        x: pictures (B, C, H, W), or vectors.
        noise: of this batch.
    """
    if x.ndim != 4:
        return x
    height, width = x.shape[-2:]
    u = noise.uniform("shift", (len(x), 2), 0, x)
    most = x.new_tensor([width // 14, height // 14])
    pixels = ((2 * most + 1) * u).floor() - most
    return _resampled(x, x.new_ones(len(x), 2), 2 * pixels / x.new_tensor([width, height]))


def view(x: Float[Tensor, "B *E"], noise: Noise, name: str, flip: bool) -> Float[Tensor, "B *E"]:
    """One random view of each example.

    A picture is cropped to at least 0.4 of its area and resized, mirrored where that is allowed, and, where it has
    three channels, recoloured. Of a vector some columns get the value of another example of the batch.

    Args:
        x: pictures (B, C, H, W) or vectors (B, D).
        noise: of this batch.
        name: of the view; other names give other views.
        flip: whether pictures may be mirrored left to right.

    Source:
        Chen et al. 2020 (arXiv 2002.05709), appendix A; Bahri et al. 2022 (arXiv 2106.15147) for columns.

    Example:
        >>> from vaekit.noise import cut
        >>> view(torch.zeros(2, 1, 8, 8), Noise(0, (), cut(2, 1)), "a", flip=True).shape
        torch.Size([2, 1, 8, 8])
    """
    if x.ndim != 4:
        return masked(x, noise, name)
    u = noise.uniform(f"{name}/crop", (len(x), 4), 0, x)
    side = (SMALLEST_AREA + (1 - SMALLEST_AREA) * u[:, :1]).sqrt().expand(-1, 2)
    shift = (1 - side) * (2 * u[:, 1:3] - 1)
    mirror = torch.where(flip & (u[:, 3:] < 0.5), -1.0, 1.0)
    x = _resampled(x, torch.cat([side[:, :1] * mirror, side[:, 1:]], 1), shift)
    return recoloured(x, noise, name) if x.shape[1] == 3 else x


def recoloured(x: Float[Tensor, "B 3 H W"], noise: Noise, name: str) -> Float[Tensor, "B 3 H W"]:
    """Change brightness, contrast and saturation by factors in [0.6, 1.4]; one picture in five turns grey."""
    u = noise.uniform(f"{name}/colour", (len(x), 4), 0, x)
    brightness, contrast, saturation = (1 + _STRENGTH * (2 * u[:, :3] - 1)).T.reshape(3, -1, 1, 1, 1)
    weights = x.new_tensor(_LUMINANCE).reshape(1, 3, 1, 1)
    x = x * brightness
    middle = (x * weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    x = middle + contrast * (x - middle)
    grey = (x * weights).sum(1, keepdim=True)
    saturation = torch.where(u[:, 3].reshape(-1, 1, 1, 1) < 0.2, 0.0, saturation)
    return (grey + saturation * (x - grey)).clamp(0, 1)


def masked(x: Float[Tensor, "B *E"], noise: Noise, name: str) -> Float[Tensor, "B *E"]:
    """Replace each number, with probability 0.3, by that of another example of the batch at the same place."""
    donors = noise.uniform(f"{name}/donors", x.shape, 0, x).argsort(0)
    replace = noise.uniform(f"{name}/mask", x.shape, 0, x) < MASKED
    return torch.where(replace, x.gather(0, donors), x)


def _resampled(
    x: Float[Tensor, "B C H W"], scale: Float[Tensor, "B 2"], shift: Float[Tensor, "B 2"]
) -> Float[Tensor, "B C H W"]:
    """Look at x through a window of such size and place, x and y in units of half a picture; edges go on."""
    window = torch.cat([torch.diag_embed(scale), shift.unsqueeze(-1)], -1)
    grid = F.affine_grid(window, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
