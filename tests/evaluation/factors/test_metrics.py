"""Every metric on codes whose answer is known; noise with its false-alarm rate."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from vaekit.errors import UserError
from vaekit.evaluation.factors import (
    Score,
    dci,
    disentanglement,
    explicitness,
    factor_vae_score,
    mig,
    modularity,
    sap,
)
from vaekit.evaluation.factors.dci import completed, disentangled
from vaekit.evaluation.factors.sap import are_classes, threshold_score
from vaekit.evaluation.factors.score import jackknifed

GRID = np.array(list(product(range(3), np.linspace(4, 9, 4), np.linspace(-1, 1, 5))) * 5, float)
METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Score]] = {
    "mig": mig,
    "sap": sap,
    "factor_vae": factor_vae_score,
    "modularity": modularity,
    "explicitness": explicitness,
    "disentanglement": lambda codes, factors: dci(codes, factors).disentanglement,
    "completeness": lambda codes, factors: dci(codes, factors).completeness,
    "informativeness": lambda codes, factors: dci(codes, factors).informativeness,
}


def noise(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width))


CODES = {
    "the same": GRID,
    "permuted and scaled": GRID[:, [2, 0, 1]] * [0.01, -7, 300] + [5, 0, -1e3],
    "beside a dead dimension": np.column_stack([GRID, np.full(len(GRID), 0.1)]),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("codes", CODES)
def test_one_dimension_for_each_factor_has_one(metric: str, codes: str) -> None:
    score = METRICS[metric](CODES[codes], GRID)
    assert score.value == pytest.approx(1, abs=0.005)
    # Without some examples the factors are no more independent exactly.
    assert score.standard_error == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("metric", METRICS)
def test_dead_codes_have_the_floor_and_no_nan(metric: str) -> None:
    floors = {"factor_vae": 1 / 3, "explicitness": 0.5, "informativeness": dci(GRID * 0, GRID).chance}
    score = METRICS[metric](np.full_like(GRID, 0.1), GRID)
    assert np.isfinite([score.value, score.standard_error, *score.each]).all()
    # Trees guess the most frequent value of bootstrap samples; which of several is a matter of chance.
    assert score.value == pytest.approx(
        floors.get(metric, 0), abs=0.08 if metric == "informativeness" else 1e-9
    )


def test_a_factor_in_two_dimensions_closes_the_gaps_and_halves_completeness() -> None:
    codes = np.column_stack([GRID, -2 * GRID])
    assert mig(codes, GRID).value == pytest.approx(0, abs=1e-9)
    assert sap(codes, GRID).value == pytest.approx(0, abs=1e-9)
    found = dci(codes, GRID)
    assert found.disentanglement.value == pytest.approx(1, abs=0.01)
    # Trees choose either dimension by chance: 50 trees for each factor, (share − ½)² is about 1/200.
    assert found.completeness.value == pytest.approx(1 - np.log(2) / np.log(6), abs=0.02)
    assert factor_vae_score(codes, GRID).value == 1
    assert modularity(codes, GRID).value == pytest.approx(1)


def test_noise_has_next_to_nothing() -> None:
    """N = 2000, d = 6, K = 3. Bounds are mean and six deviations of 20 other seeds: a normal value passes them with
    probability 2e-9; these are skew, and pass one in some ten thousand times at most."""
    rng = np.random.default_rng(1)
    factors = rng.integers(4, size=(2000, 3)).astype(float)
    codes = noise(2000, 6, 2)
    assert mig(codes, factors).value < 0.0012 + 6 * 0.0006
    assert sap(codes, factors).value < 0.004 + 6 * 0.002
    found = dci(codes, factors)
    assert found.disentanglement.value < 0.0004 + 6 * 0.0002
    assert found.completeness.value < 0.0004 + 6 * 0.0002
    assert found.informativeness.value == pytest.approx(0.25, abs=6 * 0.0065)
    assert factor_vae_score(codes, factors).value == pytest.approx(1 / 3, abs=6 * 0.0143)
    assert explicitness(codes, factors).value == pytest.approx(0.5, abs=6 * 0.0083)


def test_mig_is_that_of_its_formula() -> None:
    """z = (a, a + b) of two bits: (1 − ½) bit of a, and of b ½ − 0."""
    factors = np.array(list(product((0.0, 1.0), repeat=2)) * 10)
    codes = np.column_stack([factors[:, 0], factors.sum(1)])
    assert mig(codes, factors).each == pytest.approx((0.5, 0.5))
    assert modularity(codes, factors).each == pytest.approx((1, 0))


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 80])
def test_sap_of_a_rotation_is_the_difference_of_squares(degrees: float) -> None:
    angle = np.deg2rad(degrees)
    factors = GRID[:, 1:] / GRID[:, 1:].std(0)
    codes = factors @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert sap(codes, factors).each == pytest.approx([abs(np.cos(2 * angle))] * 2, abs=1e-9)


def test_thresholds_are_the_best_there_are() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        part, label = rng.integers(6, size=40), rng.integers(3, size=40)
        best = max(
            sum((guess[(part > low).astype(int) + (part > high)][label == c] == c).mean() for c in range(3))
            / 3
            for low in range(-1, 6)
            for high in range(low, 6)
            for guess in np.array(list(product(range(3), repeat=3)))
        )
        assert threshold_score(part, label) == pytest.approx((best - 1 / 3) / (2 / 3))


def test_which_factors_are_classes() -> None:
    assert [are_classes(column) for column in GRID.T] == [True, False, False]
    assert not are_classes(np.arange(21.0))


def test_shares_of_importance() -> None:
    """H of (¼, ¾) to base 2 is .8113 bits."""
    importance = np.array([[0.25, 0.75], [0.0, 0.0]])
    assert disentangled(importance) == pytest.approx([1 - 0.8112781, 0])
    assert completed(importance) == pytest.approx([1, 1])
    assert completed(np.array([[1.0, 1.0]])) == pytest.approx([1, 1])  # one dimension alone


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """Of groups of one example each it is s/√N exactly; of ten groups it is an estimate, within half."""
    values = np.random.default_rng(0).normal(size=10)
    exact = jackknifed(lambda rows: [float(values[rows].mean())], 10, 0)
    assert exact.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(10))


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_seed_gives_the_same(metric: str) -> None:
    codes = GRID @ np.array([[1.0, 0.3, 0.0], [0.1, 1.0, 0.2], [0.0, 0.5, 1.0]]) + noise(len(GRID), 3) / 3
    assert METRICS[metric](codes, GRID) == METRICS[metric](codes, GRID)


@pytest.mark.parametrize("metric", [mig, sap, factor_vae_score])
def test_standard_errors_are_those_of_repetitions(metric: Callable[..., Score]) -> None:
    """Over 30 tables, the deviation of the value is known to 13 %; the stated one may differ by half and twice."""
    values, errors = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        factors = rng.normal(size=(600, 2))
        codes = factors @ np.array([[1.0, 0.4], [0.2, 1.0]]) + rng.normal(size=(600, 2)) * 0.5
        score = metric(codes, factors, seed)
        values.append(score.value)
        errors.append(score.standard_error)
    ratio = np.mean(errors) / np.std(values)
    # The votes' own error does not hold that of the table.
    assert (0.1 if metric is factor_vae_score else 0.5) < ratio < 2


def test_one_factor_alone_has_no_modularity() -> None:
    with pytest.raises(UserError, match="at least two"):
        modularity(GRID, GRID[:, :1])


def test_values_that_no_two_examples_share_cannot_be_held_fixed() -> None:
    rare = np.column_stack([np.arange(20.0), np.arange(20) % 2])
    with pytest.raises(UserError, match="factor 0 has no value that two examples share"):
        factor_vae_score(rare, rare)


def test_all_of_them_together() -> None:
    seen: list[float] = []
    codes, factors = torch.from_numpy(GRID).float(), np.column_stack([GRID, np.full(len(GRID), 7.0)])
    found = disentanglement(codes, factors, ["shape", "size", "angle", "colour"], progress=seen.append)
    assert (found.factors, found.left_out) == (("shape", "size", "angle"), ("colour",))
    assert found.examples == len(GRID)
    scores = (found.mig, found.sap, found.dci.disentanglement, found.factor_vae, found.modularity)
    assert [score.value for score in scores] == pytest.approx([1] * 5, abs=1e-6)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert found.mig == mig(codes, GRID)


@pytest.mark.parametrize(
    ("codes", "factors", "names", "message"),
    [
        (GRID, GRID, ["a"], r"shape \(300, 3\), but there are 1 names"),
        (GRID[:5], GRID, ["a", "b", "c"], "5 codes have the factors of 300"),
        (GRID, GRID * [1, 0, 0], ["a", "b", "c"], "two or more must change, and 1 of them do"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    codes: np.ndarray, factors: np.ndarray, names: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        disentanglement(codes, factors, names)
