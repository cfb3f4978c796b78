from collections.abc import Callable

import pytest
import torch

from vaekit.errors import UserError
from vaekit.objectives import Constant, Cyclical, Linear, Schedule


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (Constant(3.0), {0.0: 3.0, 0.5: 3.0, 1.0: 3.0}),
        (Linear(2.0, over=0.5), {0.0: 0.0, 0.25: 1.0, 0.5: 2.0, 0.75: 2.0, 1.0: 2.0}),
        (Linear(2.0, over=1.0), {0.0: 0.0, 0.25: 0.5, 1.0: 2.0}),
        (Linear(2.0, over=0.0), {0.0: 2.0, 1.0: 2.0}),
        (
            Cyclical(2.0, cycles=4, rise=0.5),
            {0.0: 0.0, 0.0625: 1.0, 0.125: 2.0, 0.2: 2.0, 0.25: 0.0, 0.3125: 1.0, 0.75: 0.0, 1.0: 2.0},
        ),
        (Cyclical(2.0, cycles=1, rise=1.0), {0.0: 0.0, 0.5: 1.0, 1.0: 2.0}),
    ],
    ids=repr,
)
def test_weights_at_the_corners(schedule: Schedule, points: dict[float, float]) -> None:
    for progress, weight in points.items():
        value = schedule(torch.tensor(progress))
        assert value.shape == ()
        torch.testing.assert_close(value, torch.tensor(weight), msg=f"at {progress}")


def test_one_cycle_is_a_linear_warm_up() -> None:
    progress = torch.linspace(0, 0.99, 50)
    torch.testing.assert_close(Cyclical(3.0, cycles=1, rise=0.4)(progress), Linear(3.0, over=0.4)(progress))


def test_weights_never_exceed_their_value() -> None:
    progress = torch.linspace(0, 1, 501)
    for schedule in (Linear(2.0, 0.3), Cyclical(2.0, 3, 0.7)):
        assert ((schedule(progress) >= 0) & (schedule(progress) <= 2)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("schedule", [Constant(1.0), Linear(1.0, 0.5), Linear(1.0, 0.0), Cyclical(1.0)])
def test_the_weight_has_the_type_of_the_progress(schedule: Schedule, dtype: torch.dtype) -> None:
    assert schedule(torch.tensor(0.3, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize(
    "build",
    [
        lambda: Linear(1.0, over=-0.1),
        lambda: Linear(1.0, over=1.1),
        lambda: Cyclical(1.0, cycles=0),
        lambda: Cyclical(1.0, rise=0.0),
        lambda: Cyclical(1.0, rise=1.5),
    ],
)
def test_impossible_schedules_are_refused(build: Callable[[], Schedule]) -> None:
    with pytest.raises(UserError, match="warm-up"):
        build()
