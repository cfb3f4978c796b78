import numpy as np
import pytest
import scipy.fft
import torch

from vaekit.distributions.orthonormal import Basis, dct_basis, dct_matrix, haar_basis, haar_matrix

SHAPES = [(1, 8, 8), (3, 16, 12), (3, 13, 10), (4, 28, 28)]


@pytest.mark.parametrize("n", [1, 2, 3, 8, 13, 24, 64])
def test_matrices_are_orthonormal(n: int) -> None:
    eye = torch.eye(n, dtype=torch.float64)
    for matrix in (dct_matrix(n), haar_matrix(n)[0]):
        torch.testing.assert_close(matrix @ matrix.T, eye, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 9, 64])
def test_cosines_are_those_of_scipy(n: int) -> None:
    x = np.random.default_rng(0).normal(size=n)
    theirs = scipy.fft.dct(x, type=2, norm="ortho")
    torch.testing.assert_close(dct_matrix(n) @ torch.from_numpy(x), torch.from_numpy(np.asarray(theirs)))


def test_haar_rows_of_eight() -> None:
    rows, levels = haar_matrix(8)
    assert levels.tolist() == [0, 1, 2, 2, 3, 3, 3, 3]
    x = torch.tensor([1.0, 1, 1, 1, 5, 5, 7, 7], dtype=torch.float64)
    # Mean 28/√8; halves (4 − 24)/√8; quarters 0 and (10 − 14)/2; neighbours are equal.
    expected = torch.tensor([28 / 8**0.5, -20 / 8**0.5, 0, -2, 0, 0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(rows @ x, expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("make", [dct_basis, haar_basis])
def test_a_basis_keeps_lengths_and_comes_back(make, shape) -> None:
    basis: Basis = make(shape)
    x = torch.randn(2, 5, *shape)
    coefficients = basis(x)
    torch.testing.assert_close(coefficients.flatten(2).norm(dim=2), x.flatten(2).norm(dim=2))
    torch.testing.assert_close(basis.inverse(coefficients), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("make", [dct_basis, haar_basis])
def test_bands_are_numbered_without_gaps_and_apart_for_each_colour(make, shape) -> None:
    bands = make(shape).bands
    assert bands.unique().tolist() == list(range(int(bands.max()) + 1))
    for colour in range(1, shape[0]):
        assert not set(bands[0].flatten().tolist()) & set(bands[colour].flatten().tolist())


def test_rings_rise_with_frequency_and_the_constant_is_alone() -> None:
    bands = dct_basis((1, 64, 64), rings=16).bands[0]
    assert (bands == bands[0, 0]).sum() == 1
    assert bands[0].tolist() == sorted(bands[0].tolist())
    # Coefficient 32 of 64 is .25 cycles/pixel, half of the way up: the ninth ring, behind the constant.
    assert bands[0, 32] == bands[32, 0] == 9
    # The corner, .7 cycles/pixel, belongs to the last ring.
    assert bands[63, 63] == bands.max()
