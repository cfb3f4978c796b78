import os
import subprocess
import sys
from pathlib import Path

import pytest

import vaekit.data
import vaekit.errors

SOURCE = Path(vaekit.errors.__file__).parents[1]


def heavy_modules_after(statement):
    """Which of numpy, torch and sklearn a fresh interpreter has imported after the statement."""
    code = f"import sys\n{statement}\nprint(*(n for n in ('numpy', 'torch', 'sklearn') if n in sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import vaekit.data.splits", []),
        ("import vaekit.data.options", []),
        ("from vaekit.data import is_pictures, PictureOptions; is_pictures('.')", []),
        ("from vaekit.data import SplitOptions; SplitOptions(seed=3)", []),
        ("from vaekit.data import load", ["numpy"]),
        ("import numpy; from vaekit.data import load; load(numpy.zeros((9, 4)))", ["numpy"]),
    ],
)
def test_imports_stay_light(statement, expected):
    assert heavy_modules_after(statement) == expected


def test_every_public_name_resolves_to_its_home():
    for name in vaekit.data.__all__:
        assert getattr(vaekit.data, name) is not None
    assert dir(vaekit.data) == sorted(vaekit.data.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        vaekit.data.lode  # noqa: B018
