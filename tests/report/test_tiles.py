import numpy as np
import pytest
import torch

from vaekit.errors import UserError
from vaekit.report.tiles import CHECKER, tiles


def test_the_range_is_fixed_and_never_stretched() -> None:
    image = torch.tensor([-3.0, 0.2, 0.4, 9.0]).reshape(1, 1, 2, 2)
    assert tiles(image, 1)[0, ..., 0].tolist() == [[0, 51], [102, 255]]


def test_enlarging_repeats_pixels() -> None:
    image = torch.rand(2, 3, 16, 17)
    large = tiles(image, 3)
    assert large.shape == (2, 48, 51, 3)
    assert np.array_equal(large[:, 1::3, 2::3], tiles(image, 1))


def test_a_tiny_picture_is_enlarged_smoothly_within_its_range() -> None:
    image = torch.zeros(1, 1, 8, 8)
    image[..., 4:] = 1
    large = tiles(image, 10).astype(int)
    assert large.shape == (1, 80, 80, 3)
    assert large.min() == 0
    assert large.max() == 255
    # The edge is a slope, not a step, and lies where it lay.
    across = large[0, 40, :, 0]
    assert (np.diff(across[35:45]) >= 0).all()
    assert np.abs(np.diff(across)).max() < 60
    assert abs(across[39:41].mean() - 127.5) < 2


def test_three_channels_are_rgb() -> None:
    image = torch.tensor([1.0, 0.0, 0.2]).reshape(1, 3, 1, 1)
    assert tiles(image, 1)[0, 0, 0].tolist() == [255, 0, 51]


def test_four_channels_lie_over_a_checkerboard() -> None:
    image = torch.zeros(1, 4, 2 * CHECKER, 4 * CHECKER)
    image[:, 3, :, : 2 * CHECKER] = 1
    tile = tiles(image, 1)[0]
    assert (tile[:, : 2 * CHECKER] == 0).all()
    behind = tile[:, 2 * CHECKER :]
    assert behind[0, 0].tolist() == [255] * 3
    assert behind[0, CHECKER].tolist() == behind[CHECKER, 0].tolist() != [255] * 3


@pytest.mark.parametrize(("channels", "shown"), [(2, 2), (5, 4)])
def test_other_numbers_of_channels_stand_side_by_side(channels: int, shown: int) -> None:
    image = torch.rand(1, channels, 4, 3)
    tile = tiles(image, 1)[0]
    assert tile.shape == (4, 3 * shown, 3)
    assert np.array_equal(tile[:, 3:6], tiles(image[:, 1:2], 1)[0])


def test_values_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(UserError, match="not numbers"):
        tiles(torch.full((1, 1, 2, 2), float("nan")), 1)
