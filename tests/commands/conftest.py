import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vaekit.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    error: str


@pytest.fixture(scope="session")
def vaekit() -> Callable[..., Outcome]:
    """The public command, called in process; pages, which take time, are written where they are asked for."""

    def call(*arguments: object) -> Outcome:
        out, error = io.StringIO(), io.StringIO()
        given = [str(argument) for argument in arguments]
        if given[:1] in (["train"], ["fit-prior"]) and "--report" not in given:
            given[1:1] = ["--report", "none"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = main(given)
        return Outcome(code, out.getvalue(), error.getvalue())

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, vaekit: Callable[..., Outcome]) -> Path:
    """A run on the digits with two latents, small enough for every test to read."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = ("--latents", 2, "--epochs", 3, "--hidden", "32", "--out", folder)
    outcome = vaekit("train", "digits", *options, "--report", "full")
    assert outcome.code == 0, outcome.error
    return folder


@pytest.fixture(scope="session")
def pictures() -> Callable[..., np.ndarray]:
    return discs


def discs(count: int, *shape: int) -> np.ndarray:
    """Bright discs on a dark ground, bytes, (count, *shape) with height and width the first two of shape."""
    rng = np.random.default_rng(0)
    height, width = shape[:2]
    rows, columns = np.mgrid[:height, :width]
    centres = rng.uniform(0.3, 0.7, (count, 2)) * (height, width)
    distance = np.hypot(rows[None] - centres[:, :1, None], columns[None] - centres[:, 1:, None])
    grey = 255 / (1 + np.exp(distance - 0.2 * min(height, width)))
    if len(shape) == 3:
        grey = grey[..., None] * rng.uniform(0.3, 1, (count, 1, 1, shape[2]))
    return grey.astype(np.uint8)
