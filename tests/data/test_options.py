import subprocess
import sys
from pathlib import Path

import pytest

import vaekit.errors
from vaekit.data.options import PictureOptions
from vaekit.errors import UserError


def test_sizes() -> None:
    assert PictureOptions().size is None
    assert PictureOptions(image_size=32).size == (32, 32)
    assert PictureOptions(image_size=(128, 104)).size == (128, 104)


def test_what_shapes_pictures() -> None:
    assert PictureOptions(flip=True, unreadable=0.5).shaping == ()
    assert PictureOptions(flip=True, unreadable=0.5).for_files == ("unreadable",)
    assert PictureOptions(crop=3, image_size=3, channels=1).shaping == ("crop", "image_size", "channels")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"crop": 0}, "--crop must be a positive number"),
        ({"image_size": 0}, "from 1 to 4096; got 0"),
        ({"image_size": (64, 5000)}, "got 64 5000"),
        ({"unreadable": 1.1}, "between 0 and 1, got 1.1"),
        ({"unreadable": -0.1}, "between 0 and 1"),
        ({"unreadable": float("nan")}, "between 0 and 1"),
    ],
)
def test_impossible_values_are_refused(values: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        PictureOptions(**values)


WRONG_KINDS = {
    "crop": ["celebs", True, 1.5, (3,)],
    "image_size": [(64,), (1, 2, 3), (64.5, 64), "big", True],
    "channels": [2, "grey"],
    "flip": ["yes", 3],
    "unreadable": ["few", None, True],
}


def test_values_of_the_wrong_kind_are_refused() -> None:
    """In an interpreter of its own, as users run it: these tests check types before anything else does."""
    script = (
        "from vaekit.data.options import PictureOptions\nfrom vaekit.errors import UserError\n"
        f"for name, values in {WRONG_KINDS}.items():\n"
        "    for value in values:\n"
        "        try:\n            PictureOptions(**{name: value})\n            print('passed', name, value)\n"
        "        except UserError as error:\n            assert f'--{name}' in str(error)\n"
    )
    path = str(Path(vaekit.errors.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("", "")
