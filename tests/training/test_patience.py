"""Early stopping: what counts as a wait, and from where."""

import pytest
import torch

from vaekit.objectives import KL, NLL, Constant, Cyclical, Linear, Objective, Schedule
from vaekit.training.patience import ended, waited
from vaekit.training.plan import Plan

PLAN = Plan(epochs=20, steps_per_epoch=3)
SCHEDULES = [
    Constant(2.0),
    Linear(2.0, 0.0),
    Linear(2.0, 0.3),
    Linear(2.0, 1.0),
    Cyclical(2.0, 1, 0.4),
    Cyclical(2.0, 4, 0.5),
    Cyclical(2.0, 3, 1.0),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_settled_weight_is_final_and_before_it_was_not(schedule: Schedule) -> None:
    after = torch.linspace(schedule.settled, 1, 101, dtype=torch.float64)[1:]
    torch.testing.assert_close(schedule(after), torch.full_like(after, 2.0))
    if schedule.settled > 0:
        assert schedule(torch.tensor(schedule.settled - 0.01)) < 2


def test_an_objective_is_settled_when_its_last_weight_is() -> None:
    objective = Linear(1.0, 0.2) * NLL() + Linear(1.0, 0.6) * KL() + 2.0 * KL()
    assert isinstance(objective, Objective)
    assert objective.settled == 0.6


@pytest.mark.parametrize(
    ("settled", "best_epoch", "epoch", "expected"),
    [
        (0.0, 5, 5, 0),
        (0.0, 5, 6, 1),
        (0.0, 5, 9, 4),
        (0.5, 5, 9, 0),
        (0.5, 5, 10, 0),
        (0.5, 5, 12, 2),
        (0.5, 11, 12, 1),
        (0.52, 5, 12, 2),
        (1.0, 5, 20, 0),
    ],
)
def test_what_counts_is_the_time_since_the_best_and_since_the_warm_up(
    settled: float, best_epoch: int, epoch: int, expected: int
) -> None:
    assert waited(PLAN, settled, 3 * best_epoch, 3 * epoch) == expected
    # In the middle of an epoch nothing new is known: a resumed run decides as it would have.
    assert waited(PLAN, settled, 3 * best_epoch, 3 * epoch + 2) == expected


def test_without_a_finite_validation_the_wait_counts_from_the_start() -> None:
    assert waited(PLAN, 0.0, -1, 12) == 4


def test_validations_are_counted_not_epochs() -> None:
    assert waited(Plan(400, 3), 0.0, 3 * 40, 3 * 80) == 10


@pytest.mark.parametrize(("patience", "epoch", "over"), [(3, 7, False), (3, 8, True), (None, 19, False)])
def test_a_run_ends_with_its_patience(patience: int | None, epoch: int, over: bool) -> None:
    assert ended(PLAN, 0.0, patience, 15, 3 * epoch) is over
    assert ended(PLAN, 0.0, patience, 15, PLAN.steps)
