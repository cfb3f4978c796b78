"""Pictures that the tests make: smooth, so that resizing changes little, and all different."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def pixels(number: int, width: int = 30, height: int = 24) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / height * 3 + number), np.cos(columns / width * 3 - number), np.sin(number * 7.0)]
    return np.stack([np.broadcast_to(127 + 100 * wave, (height, width)) for wave in waves], -1).astype(
        np.uint8
    )


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Write picture `number` to a path, whose suffix decides the format; its folder is made."""

    def write(path: Path, number: int = 0, width: int = 30, height: int = 24, **options: object) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels(number, width, height))
        (image.convert("L") if path.suffix == ".pgm" else image).save(path, None, **options)
        return path

    return write


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
