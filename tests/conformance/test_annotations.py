"""The import hook of conftest.py is at work: without it every shape in the package would be a mere comment."""

import pytest
import torch
from jaxtyping import TypeCheckError

from vaekit.bounded import softly_bounded
from vaekit.objectives import KL, renyi_bound


def test_a_wrong_shape_is_caught() -> None:
    with pytest.raises(TypeCheckError):
        renyi_bound(torch.zeros(3), 0.5)


def test_a_wrong_type_is_caught() -> None:
    with pytest.raises(TypeCheckError):
        softly_bounded(0.0)  # pyright: ignore[reportArgumentType]


def test_a_wrong_field_is_caught() -> None:
    with pytest.raises(TypeCheckError):
        KL(estimator="exact")  # pyright: ignore[reportArgumentType]
