import numpy as np
import pytest

from vaekit.data import Data, load
from vaekit.features import FeatureOptions, Fitted, fit_space

SHORT = FeatureOptions(epochs=2)


@pytest.fixture(scope="session")
def digits() -> Data:
    return load("digits")


@pytest.fixture(scope="session")
def unlabelled() -> Data:
    """Bright bars at random places, colour pictures of 12×12, without labels."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 60, (120, 3, 12, 12))
    for picture, column in zip(x, rng.integers(0, 12, 120), strict=True):
        picture[:, :, column] += 180
    return load(x.astype(np.uint8))


@pytest.fixture(scope="session")
def table() -> Data:
    """Two hidden numbers seen through ten columns of very different scales, and a column that never changes."""
    rng = np.random.default_rng(1)
    x = np.tanh(rng.normal(size=(400, 2)) @ rng.normal(size=(2, 10))) * 10.0 ** rng.integers(-3, 4, 10)
    return load(np.c_[x, np.ones(400)].astype(np.float32))


@pytest.fixture(scope="session")
def short(digits: Data) -> Fitted:
    return fit_space(digits, SHORT)
