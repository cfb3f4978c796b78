"""Sharpness as numbers: how much of the fine detail of an image its reconstruction explains."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

SMALLEST_SIDE = 16
"""Smaller images hold too few frequencies to tell apart."""
Band = tuple[float, float]
MIDDLE: Band = (0.125, 0.25)
HIGH: Band = (0.25, math.inf)
BANDS = (MIDDLE, HIGH)


@final
@dataclass(frozen=True)
class Detail:
    """Energies of one band of frequencies, for each example.

    Args:
        band: lowest and highest frequency, cycles per pixel.
        image: ‖B x‖², (N,), B the projection on the band.
        reconstruction: ‖B x̂‖², (N,).
        error: ‖B (x − x̂)‖², (N,).
    """

    band: Band
    image: Float[Tensor, " N"]
    reconstruction: Float[Tensor, " N"]
    error: Float[Tensor, " N"]

    @property
    def explained(self) -> tuple[float, float]:
        """1 − Σ‖B(x − x̂)‖² / Σ‖B x‖² and its standard error: 1 perfect, 0 as good as leaving the band out."""
        ratio, error = _ratio(self.error, self.image)
        return 1 - ratio, error

    @property
    def power(self) -> tuple[float, float]:
        """Σ‖B x̂‖² / Σ‖B x‖² and its standard error: below .3 blurry."""
        return _ratio(self.reconstruction, self.image)


def radial_band(height: int, width: int, band: Band) -> Bool[Tensor, "H W"]:
    """Which frequencies of a 2-D Fourier transform lie in low < √(f_y² + f_x²) ≤ high cycles per pixel.

    Example:
        >>> radial_band(64, 64, HIGH).double().mean().round(decimals=2).item()
        0.81
    """
    vertical, horizontal = torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None, :]
    frequency = (vertical**2 + horizontal**2).sqrt()
    return (frequency > band[0]) & (frequency <= band[1])


def energy(images: Float[Tensor, "N C H W"], band: Band) -> Float[Tensor, " N"]:
    """‖B x‖² of each image, squared units of x, summed over channels and pixels (Parseval).

    Example:
        >>> x = torch.randn(2, 3, 16, 16)
        >>> whole = energy(x, (-1.0, math.inf))
        >>> torch.allclose(whole, x.square().flatten(1).sum(1), rtol=1e-4)
        True
    """
    spectrum = torch.fft.fft2(images, norm="ortho")
    inside = radial_band(images.shape[-2], images.shape[-1], band).to(images.device)
    return (spectrum.abs().square() * inside).flatten(1).sum(1)


def energies(
    x: Float[Tensor, "B C H W"], reconstruction: Float[Tensor, "B C H W"], bands: tuple[Band, ...] = BANDS
) -> Float[Tensor, "K 3 B"]:
    """The energies of images, of their reconstructions and of the errors in each band.

    Args:
        x: images.
        reconstruction: of each.
        bands: frequencies, cycles per pixel.
    """
    parts = (x, reconstruction, x - reconstruction)
    return torch.stack([torch.stack([energy(part, band) for part in parts]) for band in bands])


def details(parts: Sequence[Float[Tensor, "K 3 _"]], bands: tuple[Band, ...] = BANDS) -> tuple[Detail, ...]:
    """Join the energies of the parts of a split, one `Detail` for each band."""
    found: list[Detail] = []
    for band, of_band in zip(bands, torch.cat([*parts], -1), strict=True):
        image, reconstruction, error = of_band
        found.append(Detail(band, image, reconstruction, error))
    return tuple(found)


def _ratio(top: Tensor, bottom: Tensor) -> tuple[float, float]:
    """Σ top / Σ bottom and its standard error over examples, to first order."""
    top, bottom = top.double(), bottom.double()
    ratio = (top.sum() / bottom.sum()).item()
    if len(top) < 2:
        return ratio, math.nan
    residual = (top - ratio * bottom) / bottom.mean()
    return ratio, (residual.std() / math.sqrt(len(top))).item()
