import json
import math

import pytest

from vaekit.errors import UserError
from vaekit.evaluation import Evaluation, Figure
from vaekit.evaluation.suite.seeds import family, half_width, meaning, table, to_json


def evaluation(value: float, note: str = "", in_use: int = 7, split: str = "test") -> Evaluation:
    figures = (
        Figure("-ELBO", value, 0.5, "nats", "mass", "", "bounds"),
        Figure("-ELBO", value / 10, 0.05, "bits/dim", "mass", "", "bounds"),
        Figure("-ELBO", value - 100, 0.5, "nats", "density", "", "bounds"),
        Figure("perplexity, z", value / 20, 0.1, "codes", f"of 8, {in_use} in use", "", "codes"),
    )
    return Evaluation(split, 180, 500, figures, note)


def test_the_interval_is_students() -> None:
    """95 % of t with 3 degrees of freedom is 3.182446; s² of 1, 2, 4, 5 is 10/3, hence s/√4 = √(10/3)/2."""
    assert half_width([1.0, 2.0, 4.0, 5.0]) == pytest.approx(3.182446 * math.sqrt(10 / 3) / 2, rel=1e-6)
    assert half_width([2.0, 2.0]) == 0
    assert math.isnan(half_width([2.0]))


def test_a_family_has_the_mean_of_each_figure_over_its_trainings() -> None:
    """t with 2 degrees of freedom: 4.302653; of 110, 120, 130 the mean is 120 and s = 10."""
    found = family("vae", ["a", "b", "c"], [evaluation(value) for value in (110.0, 120.0, 130.0)])
    mass, bits, density, codes = found.figures
    assert (mass.value, mass.runs, mass.lowest, mass.highest) == (120, 3, 110, 130)
    assert mass.half_width == pytest.approx(4.302653 * 10 / math.sqrt(3), rel=1e-6)
    assert mass.error == pytest.approx(10 / math.sqrt(3))
    assert bits.value == pytest.approx(12)
    assert (density.value, density.measure) == (20, "density")
    assert math.isnan(mass.standard_error)
    assert codes.value == pytest.approx(6)


def test_codes_in_use_may_differ_between_trainings() -> None:
    found = family("vq", ["a", "b"], [evaluation(100.0, in_use=7), evaluation(110.0, in_use=8)])
    assert [figure.name for figure in found.figures] == ["-ELBO", "-ELBO", "-ELBO", "perplexity, z"]


def test_a_single_training_keeps_its_standard_error_over_examples() -> None:
    found = family("vae", ["a"], [evaluation(110.0)])
    assert (found.figures[0].error, found.figures[0].cell) == (0.5, "110.0000 ± 0.5000")
    assert meaning([found]) == "±: standard error over examples"
    facts = json.loads(to_json([found]))
    assert facts["families"][0]["figures"][0]["half_width"] is None


def test_a_table_says_how_many_trainings_and_what_its_interval_is() -> None:
    several = family("vae beta=1.0", ["a", "b"], [evaluation(110.0), evaluation(120.0, "pictures: none")])
    alone = family("vae beta=4.0", ["c"], [evaluation(130.0)])
    lines = table([several, alone]).splitlines()
    assert lines[0] == "A  vae beta=1.0  (2 training seeds: a, b; test split, 180 examples)"
    assert lines[1] == "   pictures: none"
    assert lines[2] == "B  vae beta=4.0  (1 training: c; test split, 180 examples)"
    assert "95 % interval of the mean over training seeds" in lines[3]
    assert "of one training, the standard error over examples" in lines[3]
    # t₁ = 12.7062, s/√2 = 5: ± 63.531
    assert lines[6].split() == [
        "-ELBO",
        "(nats)",
        "115.0000",
        "±",
        "63.5310",
        "130.0000",
        "±",
        "0.5000",
        "mass",
    ]


def test_what_one_training_lacks_is_no_figure_of_the_family() -> None:
    poor = Evaluation("test", 180, 500, evaluation(1.0).figures[:1])
    assert len(family("vae", ["a", "b"], [evaluation(2.0), poor]).figures) == 1


def test_different_splits_are_not_taken_together() -> None:
    with pytest.raises(UserError, match="different splits"):
        family("vae", ["a", "b"], [evaluation(1.0), evaluation(1.0, split="train")])
    with pytest.raises(UserError, match="no evaluation"):
        family("vae", [], [])
