from dataclasses import FrozenInstanceError
from math import log

import pytest

from vaekit.spec import DataSpec


@pytest.mark.parametrize(
    ("shape", "dimensions", "is_image"), [((1, 8, 8), 64, True), ((3, 12, 10), 360, True), ((6,), 6, False)]
)
def test_the_shape_tells_dimensions_and_kind(shape, dimensions, is_image) -> None:
    spec = DataSpec(shape, levels=None)
    assert spec.dimensions == dimensions
    assert spec.is_image is is_image


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_quantisation_variance_is_that_of_a_uniform_error_of_one_cell(levels) -> None:
    """Var U[−w/2, w/2] by summing over a fine grid, w = 1/(L−1)."""
    width = 1 / (levels - 1)
    errors = [width * ((i + 0.5) / 1000 - 0.5) for i in range(1000)]
    expected = sum(error**2 for error in errors) / 1000
    assert DataSpec((6,), levels).quantisation_variance == pytest.approx(expected, rel=1e-5)


def test_floats_have_no_quantisation() -> None:
    assert DataSpec((6,), levels=None).quantisation_variance == 0.0


def test_a_uniform_code_costs_log2_of_the_levels() -> None:
    spec = DataSpec((3, 12, 10), levels=256)
    assert spec.bits_per_dimension(360 * log(256)) == pytest.approx(8.0)


def test_the_facts_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DataSpec((6,), None).levels = 2  # pyright: ignore[reportAttributeAccessIssue]
