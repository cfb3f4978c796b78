import pytest

from vaekit.training.plan import Plan


@pytest.mark.parametrize("epochs", [1, 2, 99, 100, 101, 199, 250, 1000, 1001])
def test_a_plan_validates_as_often_as_it_says_and_at_the_end(epochs: int) -> None:
    plan = Plan(epochs, 7)
    marks = [step for step in range(1, plan.steps + 1) if plan.validates_after(step)]
    assert len(marks) == plan.validations < 200
    assert all(step % 7 == 0 for step in marks)
    assert marks[-1] == plan.steps
    assert epochs > 100 or len(marks) == epochs


@pytest.mark.parametrize("epochs", [1, 5, 100, 205, 1001])
def test_validations_are_counted(epochs: int) -> None:
    plan = Plan(epochs, 3)
    done = 0
    for step in range(plan.steps + 1):
        done += step > 0 and plan.validates_after(step)
        assert plan.validations_in(step) == done


def drawn(plan: Plan, every: int | None) -> list[int]:
    epochs = range(1, plan.epochs + 1)
    return [
        e for e in epochs if plan.validates_after(e * plan.steps_per_epoch) and plan.draws_after(e, every)
    ]


@pytest.mark.parametrize(
    ("epochs", "every", "expected"),
    [
        (10, None, list(range(1, 11))),
        (10, 0, []),
        (10, 3, [3, 6, 9]),
        (10, 11, []),
        (300, 100, [102, 201, 300]),
    ],
)
def test_sheets_are_drawn_every_so_many_epochs(epochs: int, every: int | None, expected: list[int]) -> None:
    """Epochs that are not validated are made up for at the next one that is."""
    assert drawn(Plan(epochs, 2), every) == expected


@pytest.mark.parametrize("epochs", [101, 150, 546, 1000, 6000])
def test_long_runs_draw_about_twenty(epochs: int) -> None:
    assert 16 <= len(drawn(Plan(epochs, 2), None)) <= 20
