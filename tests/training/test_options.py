import math
from typing import Any

import pytest

from vaekit.errors import UserError
from vaekit.training.options import TrainingOptions


def options(name: str, value: float) -> TrainingOptions:
    given: dict[str, Any] = {name: value}
    return TrainingOptions(**given)


@pytest.mark.parametrize("name", ["epochs", "patience", "batch_size", "shards"])
@pytest.mark.parametrize("value", [0, -1])
def test_counts_are_positive(name: str, value: int) -> None:
    with pytest.raises(UserError, match=f"--{name} must be positive, got {value}"):
        options(name, value)


@pytest.mark.parametrize("name", ["minutes", "lr"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_durations_and_rates_are_positive_and_finite(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"--{name} must be positive, got {value}"):
        options(name, value)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, math.nan, math.inf])
def test_an_average_forgets(value: float) -> None:
    with pytest.raises(UserError, match=f"--ema must be at least 0 and less than 1, got {value}"):
        options("ema", value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_warm_up_is_a_fraction(value: float) -> None:
    with pytest.raises(UserError, match=f"--lr_warmup is a fraction of training .*, got {value}"):
        options("lr_warmup", value)


def test_zero_switches_off() -> None:
    chosen = TrainingOptions(ema=0.0, lr_warmup=0.0, sheets=0)
    assert (chosen.ema, chosen.lr_warmup, chosen.sheets) == (0, 0, 0)


def test_sheets_are_a_count() -> None:
    with pytest.raises(UserError, match="--sheets must be at least 0, got -1"):
        TrainingOptions(sheets=-1)


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
