"""Orthonormal bases of images: rows of a cosine or Haar matrix along each axis, grouped into bands."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

BasisName = Literal["dct", "haar"]


def dct_matrix(n: int) -> Float[Tensor, "n n"]:
    """The orthonormal DCT-II: row k is cos(π(2i+1)k / 2n), a wave of k/2n cycles per pixel.

    Source: Ahmed, Natarajan & Rao 1974, Discrete cosine transform, equation 1.

    Example:
        >>> a = dct_matrix(6)
        >>> torch.allclose(a @ a.T, torch.eye(6, dtype=a.dtype))
        True
    """
    k, i = torch.meshgrid(*2 * [torch.arange(n, dtype=torch.float64)], indexing="ij")
    rows = math.sqrt(2 / n) * torch.cos(math.pi * (2 * i + 1) * k / (2 * n))
    rows[0] /= math.sqrt(2)
    return rows


def haar_matrix(n: int) -> tuple[Float[Tensor, "n n"], Int[Tensor, " n"]]:
    """The orthonormal Haar basis of any length, and the level of each row: 0 smooth, then coarse to fine.

    Sums and differences of neighbours over √2, and the same again of the sums while their number is even
    and more than one; what is left is taken over as it is, or by cosines where it is odd.

    Source: Haar 1910; Mallat 1989, A theory for multiresolution signal decomposition.

    Example:
        >>> rows, levels = haar_matrix(4)
        >>> levels.tolist()
        [0, 1, 2, 2]
        >>> rows[2].round(decimals=3).tolist()
        [0.707, -0.707, 0.0, 0.0]
    """
    if n % 2:
        return dct_matrix(n), torch.zeros(n, dtype=torch.long)
    pairs = torch.eye(n, dtype=torch.float64).reshape(n // 2, 2, n)
    sums, differences = (pairs[:, 0] + pairs[:, 1]) / math.sqrt(2), (pairs[:, 0] - pairs[:, 1]) / math.sqrt(2)
    coarse, levels = haar_matrix(n // 2)
    finest = torch.full((n // 2,), int(levels.max()) + 1, dtype=torch.long)
    return torch.cat([coarse @ sums, differences]), torch.cat([levels, finest])


@final
@dataclass(frozen=True, eq=False)
class Basis:
    """An orthonormal basis of images, separable over channels, rows and columns.

    Args:
        channels: (C, C) matrix, rows are basis vectors.
        rows: (H, H) matrix.
        columns: (W, W) matrix.
        bands: which band each coefficient belongs to, (C, H, W) of whole numbers 0 … K−1.

    Example:
        >>> basis = dct_basis((3, 8, 8), rings=4)
        >>> x = torch.randn(5, 3, 8, 8)
        >>> torch.allclose(basis.inverse(basis(x)), x, atol=1e-5)
        True
    """

    channels: Float[Tensor, "C C"]
    rows: Float[Tensor, "H H"]
    columns: Float[Tensor, "W W"]
    bands: Int[Tensor, "C H W"]

    def __call__(self, x: Float[Tensor, "*B C H W"]) -> Float[Tensor, "*B C H W"]:
        """Coefficients of x."""
        along = self.rows @ x @ self.columns.T
        return torch.einsum("dc,...chw->...dhw", self.channels, along)

    def inverse(self, coefficients: Float[Tensor, "*B C H W"]) -> Float[Tensor, "*B C H W"]:
        """The image of these coefficients."""
        along = torch.einsum("dc,...dhw->...chw", self.channels, coefficients)
        return self.rows.T @ along @ self.columns


def dct_basis(shape: tuple[int, int, int], rings: int = 16, dtype: torch.dtype = torch.float32) -> Basis:
    """Cosines over height, width and channels; bands are rings of one frequency in each colour.

    The frequency of coefficient (i, j) is √((i/2H)² + (j/2W)²) cycles per pixel; rings are equally wide up
    to ½, and hold everything above in the last one. Over three channels the cosines are brightness, red
    against blue, and green against both.

    Args:
        shape: (C, H, W).
        rings: how many for each colour.
        dtype: of the matrices.
    """
    channels, height, width = shape
    i = torch.arange(height, dtype=torch.float64)[:, None] / (2 * height)
    j = torch.arange(width, dtype=torch.float64)[None, :] / (2 * width)
    ring = (((i**2 + j**2).sqrt() * 2 * rings).floor().clamp(max=rings - 1)).long()
    # The constant is no wave: the mean colour of a picture varies as nothing else does.
    ring = ring + 1
    ring[0, 0] = 0
    return _basis(channels, dct_matrix(height), dct_matrix(width), ring, dtype)


def haar_basis(shape: tuple[int, int, int], dtype: torch.dtype = torch.float32) -> Basis:
    """Haar wavelets over height and width, cosines over channels; bands are pairs of levels in each colour.

    Args:
        shape: (C, H, W).
        dtype: of the matrices.
    """
    channels, height, width = shape
    (rows, up), (columns, across) = haar_matrix(height), haar_matrix(width)
    pair = up[:, None] * (int(across.max()) + 1) + across[None, :]
    return _basis(channels, rows, columns, pair, dtype)


def _basis(
    channels: int, rows: Tensor, columns: Tensor, band: Int[Tensor, "H W"], dtype: torch.dtype
) -> Basis:
    colour = torch.arange(channels)[:, None, None]
    band = band.unique(return_inverse=True)[1]
    bands = colour * (int(band.max()) + 1) + band
    return Basis(dct_matrix(channels).to(dtype), rows.to(dtype), columns.to(dtype), bands)
