import pytest
import torch
from torch import nn

from vaekit.nets import halved, stage_sizes


@pytest.mark.parametrize("size", range(1, 40))
def test_halved_is_what_a_strided_convolution_makes(size: int) -> None:
    convolution = nn.Conv2d(1, 1, kernel_size=3, stride=2, padding=1)
    assert convolution(torch.zeros(1, 1, size, 1)).shape[2] == halved(size)


@pytest.mark.parametrize(
    ("image_size", "expected"),
    [
        ((64, 64), [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]),
        ((28, 28), [(28, 28), (14, 14), (7, 7), (4, 4), (2, 2)]),
        ((8, 8), [(8, 8), (4, 4), (2, 2)]),
        ((9, 9), [(9, 9), (5, 5), (3, 3), (2, 2)]),
        ((8, 100), [(8, 100), (4, 50), (2, 25)]),
        ((128, 128), [(128, 128), (64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]),
    ],
)
def test_stages_stop_at_five_or_before_a_side_falls_under_two(
    image_size: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    assert stage_sizes(image_size, most=5, least=2) == expected


def test_single_pixel_is_not_halved_for_ever() -> None:
    assert stage_sizes((1, 1), most=5, least=1) == [(1, 1)]
