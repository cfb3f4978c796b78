import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from vaekit.errors import UserError
from vaekit.evaluation.probes import (
    area_under_curve,
    attribute_probes,
    linear_accuracy,
    linear_r2,
    neighbour_accuracy,
)


def blobs(count: int, seed: int, apart: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.choice([2, 5, 9], size=count, p=[0.5, 0.3, 0.2])
    centres = apart * np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    return centres[np.searchsorted([2, 5, 9], labels)] + rng.normal(size=(count, 3)), labels


@pytest.mark.parametrize("probe", [linear_accuracy, neighbour_accuracy])
def test_classes_that_lie_apart_are_found(probe) -> None:
    codes, labels = blobs(300, 0)
    others, theirs = blobs(200, 1)
    found = probe(torch.from_numpy(codes).float(), torch.from_numpy(labels), others, theirs)
    assert (found.value, found.standard_error) == (1.0, 0.0)
    assert found.floor == (theirs == 2).mean()


@pytest.mark.parametrize("probe", [linear_accuracy, neighbour_accuracy])
def test_codes_that_say_nothing_have_at_most_the_floor(probe) -> None:
    """4.5 standard errors: false alarm 7e-6. Nearest neighbours fall below the floor: they guess like the classes."""
    _, labels = blobs(1000, 0)
    _, theirs = blobs(1000, 1)
    rng = np.random.default_rng(2)
    found = probe(rng.normal(size=(1000, 3)), labels, rng.normal(size=(1000, 3)), theirs)
    assert found.value < found.floor + 4.5 * found.standard_error
    assert found.standard_error == pytest.approx(np.sqrt(found.value * (1 - found.value) / 1000), rel=0.01)


def test_the_error_of_two_gaussians_is_that_of_bayes() -> None:
    """Means 2 apart, deviation 1: Φ(1) = .8413; 4.5 standard errors and .005 for what the fit lacks."""
    rng = np.random.default_rng(0)
    labels = np.arange(8000) % 2
    codes = 2.0 * labels[:, None] + rng.normal(size=(8000, 1))
    found = linear_accuracy(codes[:4000], labels[:4000], codes[4000:], labels[4000:])
    assert abs(found.value - 0.8413) < 4.5 * found.standard_error + 0.005


def test_neighbours_are_those_of_scikit_learn_and_a_dead_dimension_changes_nothing() -> None:
    codes, labels = blobs(300, 0, 2.0)
    others, theirs = blobs(200, 1, 2.0)
    expected = KNeighborsClassifier(5).fit(codes, labels).score(others, theirs)
    assert neighbour_accuracy(codes, labels, others, theirs).value == pytest.approx(expected)
    dead, also = (np.column_stack([each, np.full(len(each), 0.1)]) for each in (codes, others))
    for probe in (linear_accuracy, neighbour_accuracy):
        assert probe(dead, labels, also, theirs).value == probe(codes, labels, others, theirs).value


def test_a_class_that_was_never_trained_on_counts_as_wrong() -> None:
    codes, labels = blobs(300, 0)
    known = labels != 9
    found = linear_accuracy(codes[known], labels[known], codes, labels)
    assert found.value == pytest.approx(known.mean())


def test_the_area_is_that_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(10, size=300) / 10, rng.random(300) < 0.2
    area, influence = area_under_curve(scores, positive)
    assert area == pytest.approx(roc_auc_score(positive, scores))
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_standard_errors_of_area_are_those_of_repetitions() -> None:
    """The deviation over 400 draws is known to 3.5 %; the mean of the stated ones may differ by five times that."""
    rng = np.random.default_rng(0)
    areas, errors = [], []
    for _ in range(400):
        positive = rng.random(200) < 0.3
        area, influence = area_under_curve(rng.normal(size=200) + positive, positive)
        areas.append(area)
        errors.append(influence.std(ddof=1) / np.sqrt(200))
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.18)


def test_attributes_are_probed_one_by_one() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(1500, 4))
    said = np.column_stack([codes[:, 0] > 1, codes[:, 1] + rng.normal(size=1500) > 0, np.ones(1500)])
    answers = said.astype(np.uint8)
    accuracy, area = attribute_probes(codes[:1000], answers[:1000], codes[1000:], answers[1000:])
    assert "2 attributes" in accuracy.name
    assert (accuracy.floor, area.floor) == (0.5, 0.5)
    assert 0.8 < accuracy.value < area.value < 1
    # The first is known exactly, the second to Φ⁻¹ of a signal as strong as its noise: 3/4 by arcs of a circle.
    assert abs(accuracy.value - (1 + 0.75) / 2) < 4.5 * accuracy.standard_error + 0.01
    one, theirs = answers[:, 1:2], answers[1000:, 1]
    alone, _ = attribute_probes(codes[:1000], one[:1000], codes[1000:], one[1000:])
    assert alone.value == pytest.approx(balanced_accuracy_score(theirs, codes[1000:, 1] > 0), abs=0.02)


def test_r2_of_a_linear_factor_with_noise() -> None:
    """Var signal 1, noise 1: R² = ½; the other factor is known exactly; 4.5 standard errors."""
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(4000, 3))
    factors = np.column_stack([codes[:, 0] + rng.normal(size=4000), 5 - 3 * codes[:, 2]])
    found = linear_r2(codes[:2000], factors[:2000], codes[2000:], factors[2000:])
    assert abs(found.value - 0.75) < 4.5 * found.standard_error + 0.002
    perfect = linear_r2(codes[:2000], factors[:2000, 1:], codes[2000:], factors[2000:, 1:])
    assert perfect.value == pytest.approx(1, abs=1e-5)


def test_r2_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(300, 2))
    factor = codes[:, :1] ** 2 + codes[:, 1:]
    found = linear_r2(codes, factor, codes, factor)
    a = (codes - codes.mean(0)) / codes.std(0)
    weights = np.linalg.solve(a.T @ a + np.eye(2), a.T @ (factor - factor.mean()))
    assert found.value == pytest.approx(r2_score(factor, a @ weights + factor.mean()))


CODES, LABELS = blobs(60, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CODES, LABELS[:9], CODES, LABELS), "training codes have shape"),
        ((CODES, LABELS, CODES, LABELS[:9]), "test codes have shape"),
        ((CODES, LABELS[:, None], CODES, LABELS), "one number for each"),
        ((CODES, LABELS * 0, CODES, LABELS), "same label"),
        ((CODES[:, :1], LABELS, CODES, LABELS), "differ in width"),
        ((CODES * np.nan, LABELS, CODES, LABELS), "NaN"),
    ],
)
@pytest.mark.parametrize("probe", [linear_accuracy, neighbour_accuracy])
def test_tables_that_do_not_fit_are_refused(probe, arguments: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        probe(*arguments)


@pytest.mark.parametrize("probe", [attribute_probes, linear_r2])
def test_what_never_differs_cannot_be_probed(probe) -> None:
    same = np.ones((60, 2))
    with pytest.raises(UserError, match="none to probe"):
        probe(CODES, same, CODES, same)
