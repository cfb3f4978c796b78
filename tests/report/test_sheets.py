import numpy as np
import pytest
import torch
from PIL import Image

from vaekit.errors import UserError
from vaekit.report.sheets import Captions, sheet, sheet_of_rows
from vaekit.report.style import MARGIN


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)


@pytest.mark.parametrize("columns", [1, 4, 12])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 9), (4, 28, 20), (2, 8, 8)])
def test_small_images_make_a_sheet_of_readable_width(shape: tuple[int, ...], columns: int) -> None:
    assert sheet(torch.rand(12, *shape), columns).width >= 600


def test_large_images_are_not_enlarged() -> None:
    assert sheet(torch.rand(2, 1, 40, 900), 1).width == 900 + 2 * MARGIN + 4


def test_tiles_stand_row_by_row() -> None:
    x = torch.linspace(0, 1, 6).reshape(6, 1, 1, 1).expand(6, 1, 2, 2)
    drawn = pixels(sheet(x, columns=3, scale=5))[..., 0]
    first = MARGIN + 2
    found = [drawn[first + 6 + 12 * row, first + 5 + 12 * column] for row in range(2) for column in range(3)]
    assert found == [0, 51, 102, 153, 204, 255]


def test_a_short_row_ends_in_white() -> None:
    drawn = pixels(sheet_of_rows([torch.zeros(3, 1, 4, 4), torch.zeros(1, 1, 4, 4)], scale=5))
    assert (drawn[-MARGIN - 10, -MARGIN - 10] == 255).all()
    assert (drawn[-MARGIN - 10, MARGIN + 10] == 0).all()


def test_captions_are_inside_the_sheet() -> None:
    title = "A title that is a good deal wider than the one small image under it could ever be"
    captions = Captions(title, "note", ["a row label"], ["left", "right"], framed=[(0, 1)])
    drawn = pixels(sheet(torch.zeros(2, 1, 4, 4), 2, scale=4, captions=captions))
    plain = pixels(sheet(torch.zeros(2, 1, 4, 4), 2, scale=4))
    assert drawn.shape[0] > plain.shape[0]
    assert drawn.shape[1] > plain.shape[1]
    border = np.concatenate(
        [drawn[:4].ravel(), drawn[-4:].ravel(), drawn[:, :4].ravel(), drawn[:, -4:].ravel()]
    )
    assert (border == 255).all()


def test_groups_stand_apart() -> None:
    x = torch.rand(8, 1, 4, 4)
    apart = sheet(x, 2, scale=5, captions=Captions(group=2))
    assert apart.height > sheet(x, 2, scale=5).height


@pytest.mark.parametrize("rows", [(), ("a", "b")])
def test_vectors_become_heat_maps(rows: tuple[str, ...]) -> None:
    image = sheet(torch.randn(6, 5), 3, captions=Captions("Samples", rows=rows))
    assert image.mode == "RGB"
    assert image.width >= 600


@pytest.mark.parametrize("x", [torch.zeros(0, 1, 4, 4), torch.zeros(3, 4, 4), torch.zeros(3)])
def test_what_cannot_be_shown_is_refused(x: torch.Tensor) -> None:
    with pytest.raises(UserError, match="shape"):
        sheet(x, 2)


def test_no_columns_are_refused() -> None:
    with pytest.raises(UserError, match="at least one column"):
        sheet(torch.zeros(1, 1, 4, 4), 0)


def test_a_thin_picture_makes_no_tower() -> None:
    assert sheet(torch.rand(96, 1, 32, 1), 12).height <= 4200
