from dataclasses import replace

import pytest

from tests.pages import evaluation, measured, subject
from vaekit.errors import UserError
from vaekit.report.page import comparison, terminal_table
from vaekit.report.page.comparison import compared, why_not


def bests(*elbos: float, error: float = 1.0) -> dict[str, set[int]]:
    run = subject(n=4)
    subjects = [measured(run, f"r{place}", evaluation(elbo, error)) for place, elbo in enumerate(elbos)]
    return {f"{row.name} {row.unit}".strip(): set(row.best) for row in compared(subjects)}


def test_a_lower_bound_and_a_higher_ratio_are_best() -> None:
    found = bests(90.0, 80.0, 100.0)
    assert found["-ELBO nats"] == {1}
    assert found["-ELBO bits/dim"] == {1}
    assert found["PSNR dB"] == {2}
    assert found["rate (KL) nats"] == set()
    assert found["active units"] == set()


def test_ties_within_two_standard_errors_share_the_bold() -> None:
    # √2 · 2 standard errors of 1 are 2.83.
    assert bests(80.0, 82.8, 90.0)["-ELBO nats"] == {0, 1}
    assert bests(80.0, 82.9, 90.0)["-ELBO nats"] == {0}
    assert bests(80.0, 81.0)["-ELBO nats"] == set()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"same_data": "others"}, "same data"),
        ({"evaluations": {"evaluation.json": evaluation(examples=41)}}, "same examples"),
        ({"evaluations": {}}, "b was not evaluated"),
    ],
)
def test_what_does_not_compare_has_no_best(change: dict[str, object], why: str) -> None:
    a = subject(name="a", n=4)
    b = replace(a, name="b", **change)
    assert why in str(why_not([a, b]))
    assert all(not row.best for row in compared([a, b]))
    assert why in terminal_table([a, b], bold=False)
    assert "<strong>" not in comparison([a, b])


def test_figures_of_other_measures_are_rows_of_their_own() -> None:
    a = subject(name="a", n=4)
    figures = evaluation().figures
    other = replace(evaluation(), figures=(replace(figures[0], measure="density"), *figures[1:]))
    rows = compared([a, measured(a, "b", other)])
    assert [row.figures.count(None) for row in rows if row.name == "-ELBO" and row.unit == "nats"] == [1, 1]


def test_a_terminal_shows_bold_and_a_file_a_star() -> None:
    a = subject(name="a", n=4)
    runs = [a, measured(a, "b", evaluation(80.0))]
    plain, bold = terminal_table(runs, bold=False), terminal_table(runs, bold=True)
    assert "80.0 ± 1.0*" in plain
    assert "\033" not in plain
    assert "\033[1m80.0 ± 1.0\033[0m" in bold
    assert "*" not in bold
    assert "bits/dim" not in plain


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(UserError, match="at least two runs, got 1"):
        comparison([subject(n=4)])
