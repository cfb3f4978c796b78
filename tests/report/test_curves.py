import math

import numpy as np
import pytest

from vaekit.errors import UserError
from vaekit.report.curves import Row, learning_curves
from vaekit.report.style import as_image


def rows(measure: str = "density", count: int = 20) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    for epoch in range(1, count + 1):
        nll, kl = 100 / epoch, 10.0 - 5 / epoch
        validation = {f"validation_nll_{measure}": nll + abs(epoch - 15), "validation_kl": kl}
        elbo = -sum(validation.values())
        row = {"epoch": float(epoch), "train_nll": nll, "train_kl": kl, "train_weight_kl": min(1, epoch / 5)}
        found.append(row | validation | {f"validation_elbo_{measure}": elbo})
    return found


@pytest.mark.parametrize("measure", ["density", "mass"])
def test_lines_hold_the_figures_of_the_rows(measure: str) -> None:
    given = rows(measure)
    bound, distortion, rate, weight = learning_curves(given).axes
    assert measure in bound.get_ylabel()
    assert "nats per example" in rate.get_ylabel()
    train, validation = (np.asarray(line.get_ydata(), float) for line in bound.lines[:2])
    assert train == pytest.approx([row["train_nll"] + row["train_kl"] for row in given])
    assert validation == pytest.approx([-row[f"validation_elbo_{measure}"] for row in given])
    assert np.asarray(distortion.lines[0].get_ydata()) == pytest.approx([row["train_nll"] for row in given])
    assert np.asarray(weight.lines[0].get_ydata()) == pytest.approx([row["train_weight_kl"] for row in given])


def test_the_best_epoch_is_marked() -> None:
    given = rows()
    best = max(given, key=lambda row: row["validation_elbo_density"])
    bound = learning_curves(given).axes[0]
    text = bound.texts[0].get_text()
    assert f"epoch {best['epoch']:.0f}" in text
    assert f"{-best['validation_elbo_density']:.2f}" in text


def test_the_weight_is_that_of_the_kl_beside_that_of_the_distortion() -> None:
    given: list[Row] = [row | {"train_weight_kl": 0.02, "train_weight_nll": 0.01} for row in rows()]
    assert np.asarray(learning_curves(given).axes[3].lines[0].get_ydata()) == pytest.approx([2.0] * 20)


def test_a_learning_rate_is_drawn_where_it_changes() -> None:
    figure = learning_curves([row | {"lr": 0.5 / (i + 1)} for i, row in enumerate(rows())])
    assert np.asarray(figure.axes[-1].lines[0].get_ydata()) == pytest.approx(0.5 / np.arange(1, 21))
    assert len(learning_curves([row | {"lr": 0.5} for row in rows()]).axes) == len(figure.axes) - 1


def test_an_objective_without_the_two_parts_shows_its_loss() -> None:
    given = [{"epoch": 1.0 + i, "train_loss": 3.0 - i, "validation_elbo_mass": -4.0 + i} for i in range(3)]
    figure = learning_curves(given)
    assert len(figure.axes) == 3
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]  # pyright: ignore[reportOptionalMemberAccess]
    assert labels == ["training loss", "validation"]


def test_a_steep_start_does_not_flatten_the_rest() -> None:
    given = rows()
    given[0]["train_nll"] = 1e6
    assert learning_curves(given).axes[0].get_ylim()[1] < 200


@pytest.mark.parametrize("count", [1, 2])
def test_few_rows_and_values_that_are_not_finite_can_be_drawn(count: int) -> None:
    given = rows(count=count)
    given[0]["train_nll"] = math.inf
    given[-1]["validation_kl"] = math.nan
    assert as_image(learning_curves(given)).width > 1000


def test_no_rows_are_refused() -> None:
    with pytest.raises(UserError, match="no metrics"):
        learning_curves([])
