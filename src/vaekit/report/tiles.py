"""From a tensor of images to coloured tiles: a fixed range, never stretched, enlarged by a whole factor."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from vaekit.errors import UserError

CHECKER = 8
"""Side of a square of the checkerboard behind transparent pixels, in pixels of the picture."""
MOST_CHANNELS = 4
SMOOTH_BELOW = 16
"""Pictures with a side shorter than this are enlarged smoothly."""


def tiles(images: Float[Tensor, "N C H W"], scale: int) -> UInt8[np.ndarray, "N h w 3"]:
    """Turn images into RGB tiles.

    Values are clamped to [0, 1] and shown as they are, so that two sheets can be compared. One channel is
    grey, three are RGB, four are RGBA over a checkerboard; any other number stands side by side in grey,
    the first four of them.

    Args:
        images: values in [0, 1].
        scale: each pixel becomes scale × scale pixels.

    Raises:
        UserError: if a value is not a number.

    Example:
        >>> import torch
        >>> tiles(torch.rand(5, 2, 8, 6), scale=3).shape
        (5, 24, 36, 3)
    """
    values = images.detach().cpu().float().clamp(0, 1).numpy()
    if not np.isfinite(values).all():
        raise UserError("a picture holds values that are not numbers (NaN): the model's training diverged")
    if values.shape[1] not in (1, 3, 4):
        values = np.concatenate([values[:, [c]] for c in range(min(MOST_CHANNELS, values.shape[1]))], axis=3)
    pixels = np.moveaxis(_enlarged(values, scale), 1, -1)
    if pixels.shape[-1] == 4:
        alpha = pixels[..., 3:]
        pixels = alpha * pixels[..., :3] + (1 - alpha) * _checkerboard(*pixels.shape[1:3])
    return np.broadcast_to((pixels * 255).round().astype(np.uint8), (*pixels.shape[:3], 3))


def _checkerboard(height: int, width: int) -> Float[np.ndarray, "h w 1"]:
    row, column = np.indices((height, width)) // CHECKER
    return np.where((row + column) % 2 == 0, 1.0, 0.9)[..., None].astype(np.float32)


def _enlarged(values: Float[np.ndarray, "N C H W"], scale: int) -> Float[np.ndarray, "N C h w"]:
    """Enlarge by a whole factor: squares for each pixel, but smoothly where there are so few that squares
    hide what the picture shows (a person reads an 8×8 digit only so)."""
    if min(values.shape[-2:]) >= SMOOTH_BELOW or scale == 1:
        return values.repeat(scale, 2).repeat(scale, 3)
    smooth = interpolate(torch.from_numpy(values), scale_factor=scale, mode="bicubic", align_corners=False)
    return smooth.clamp(0, 1).numpy()
