import math
from typing import Any

import pytest

from vaekit.errors import UserError
from vaekit.training.options import TrainingOptions


def options(name: str, value: float) -> TrainingOptions:
    given: dict[str, Any] = {name: value}
    return TrainingOptions(**given)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "shards"])
@pytest.mark.parametrize("value", [0, -1])
def test_counts_are_positive(name: str, value: int) -> None:
    with pytest.raises(UserError, match=f"--{name} must be positive, got {value}"):
        options(name, value)


@pytest.mark.parametrize("name", ["minutes", "lr"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_durations_and_rates_are_positive_and_finite(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"--{name} must be positive, got {value}"):
        options(name, value)


@pytest.mark.parametrize("name", ["clip", "weight_decay"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_limits_are_not_negative(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"--{name} must be at least 0, got {value}"):
        options(name, value)


def test_a_seed_is_not_negative() -> None:
    with pytest.raises(UserError, match="--seed must be at least 0, got -1"):
        TrainingOptions(seed=-1)


def test_epochs_and_minutes_exclude_each_other() -> None:
    with pytest.raises(UserError, match="either --epochs or --minutes"):
        TrainingOptions(epochs=3, minutes=1.0)


def test_an_unknown_device_comes_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="no device is called cud; did you mean cuda"):
        TrainingOptions(device="cud")
