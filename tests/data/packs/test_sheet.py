from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit.data.packs.sheet import COLUMNS, save_sheet, write_sheet
from vaekit.data.records import Data, Split


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_image_is_drawn_row_by_row(channels: int, tmp_path: Path) -> None:
    images = np.zeros((COLUMNS + 1, channels, 64, 64), np.float32)
    images[-1] = 1
    save_sheet(images, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        page = np.asarray(image)
    assert page.shape == (2 * 66 + 2, COLUMNS * 66 + 2, 3)
    # What is transparent shows the paper.
    assert page[10, 10].tolist() == ([255] * 3 if channels in (2, 4) else [0] * 3)
    assert page[80, 10].tolist() == page[80, 200].tolist() == [255] * 3


def test_large_images_are_thinned_out_and_small_ones_enlarged(tmp_path: Path) -> None:
    for side, width in ((1000, 252), (8, 66)):
        part = Split(np.zeros((1, 1, side, side), np.uint8))
        write_sheet(Data("x", part, part, part, 256, None, 256), tmp_path / "sheet.png")
        with Image.open(tmp_path / "sheet.png") as page:
            assert page.width == width + 2
