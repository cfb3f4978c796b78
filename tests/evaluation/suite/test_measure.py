"""Groups of metrics on models that were built and not trained: what is measured does not depend on that."""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.evaluation.suite.conftest import tiny
from vaekit.errors import UserError
from vaekit.evaluation import Evaluation, evaluate
from vaekit.evaluation.suite import Journal, Subject, drawing, group_of, measure, model_digest
from vaekit.evaluation.suite.bounds import median_of
from vaekit.metrics import METRICS, Measuring
from vaekit.objectives.similarity import ssim

SMALL = {"latents": 2, "hidden": (8,)}
QUICK = Measuring(
    importance_samples=7, annealed_examples=60, chains=3, temperatures=3, leapfrogs=1, features="pixels"
)
Make = Callable[..., Subject]


def names(evaluation: Evaluation) -> list[str]:
    return [figure.name for figure in evaluation.figures]


def test_every_group_has_a_name_and_the_other_way_round() -> None:
    folder = Path(str(sys.modules["vaekit.evaluation.suite"].__file__)).parent
    groups = {path.stem for path in folder.glob("*.py") if "\nGROUP = " in path.read_text()}
    assert groups == set(METRICS)
    assert all(group_of(name) for name in METRICS)


def test_figures_say_their_group_and_are_those_of_the_quick_door(subject: Make) -> None:
    given = subject(**SMALL)
    whole = measure(given, ("bounds", "pictures"), QUICK)
    quick = evaluate(given.vae, given.examples, given.spec, importance_samples=7)
    assert [figure.facts() for figure in whole.figures] == [figure.facts() for figure in quick.figures]
    assert {figure.group for figure in whole.figures} == {"bounds", "pictures"}
    assert (whole.key, quick.key) == (given.key, "")


class Stop:
    """Lets a function run so many times, then behaves as if Ctrl-C was typed."""

    def __init__(self, function: Callable, times: int) -> None:
        self.function, self.left = function, times

    def __call__(self, *arguments: object, **named: object) -> object:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.function(*arguments, **named)


@pytest.mark.parametrize(
    ("group", "function", "module", "times"),
    [
        ("bounds", "bounds", "bounds", 1),
        ("annealed", "annealed_bound", "annealed", 1),
        ("samples", "block_of_samples", "drawing", 2),
        ("memorisation", "memorisation", "memorisation", 0),
    ],
)
def test_what_was_interrupted_goes_on_to_the_same_bits(
    group: str,
    function: str,
    module: str,
    times: int,
    subject: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = subject(**SMALL)
    monkeypatch.setattr(drawing, "BLOCKS", 1)
    expected = measure(given, (group,), QUICK)
    where = sys.modules[f"vaekit.evaluation.suite.{module}"]
    original = getattr(where, function)
    monkeypatch.setattr(where, function, Stop(original, times))
    with pytest.raises(KeyboardInterrupt):
        measure(given, (group,), QUICK, Journal(tmp_path))
    counted = Stop(original, 10**6)
    monkeypatch.setattr(where, function, counted)
    resumed = measure(given, (group,), QUICK, Journal(tmp_path))
    assert resumed.to_json() == expected.to_json()
    if times:  # something had been done, and was not done again
        monkeypatch.setattr(where, function, whole := Stop(original, 10**6))
        measure(given, (group,), QUICK)
        assert whole.left < counted.left


def test_what_was_measured_is_not_measured_again(subject: Make, tmp_path: Path) -> None:
    given, said = subject(**SMALL), list[str]()
    first = measure(given, ("bounds", "latents"), QUICK, Journal(tmp_path), say=said.append)
    assert said == []
    again = measure(given, ("bounds", "pictures", "latents"), QUICK, Journal(tmp_path), say=said.append)
    assert said == ["measured earlier, and the same still: bounds, latents (--fresh measures anew)"]
    kept = [figure.facts() for figure in again.figures if figure.group != "pictures"]
    assert kept == [figure.facts() for figure in first.figures]
    said.clear()
    measure(given, ("bounds",), QUICK, Journal(tmp_path, fresh=True), say=said.append)
    assert said == []


def test_another_model_setting_or_split_is_measured(subject: Make, tmp_path: Path) -> None:
    given, said = subject(**SMALL), list[str]()

    def run(what: Subject, settings: Measuring = QUICK) -> Evaluation:
        return measure(what, ("bounds",), settings, Journal(tmp_path), say=said.append)

    one = run(given)
    run(given, replace(QUICK, importance_samples=8))
    run(subject(vae=given.vae, split="validation"))
    torch.nn.init.ones_(next(given.vae.decoder.parameters()))
    other = run(subject(vae=given.vae))
    assert said == []
    assert one.key != other.key
    assert one.value("-ELBO") != other.value("-ELBO")


def test_a_model_is_known_by_its_parts_and_numbers(subject: Make) -> None:
    one = subject(**SMALL).vae
    digest = model_digest(one)
    assert digest == model_digest(subject(vae=one).vae)
    with torch.no_grad():
        next(one.parameters()).view(-1)[0] += 1e-6
    assert digest != model_digest(one)


def test_the_bound_says_how_many_of_its_draws_count(subject: Make) -> None:
    found = measure(subject(**SMALL), ("bounds",), replace(QUICK, importance_samples=20))
    median, few = found.figure("ESS, median", unit="draws"), found.figure("ESS < 10", unit="")
    assert 1 <= median.value <= 20
    assert 0 <= few.value <= 1
    assert "nats below log p(x)" in few.reference
    one = measure(subject(**SMALL), ("bounds",), replace(QUICK, importance_samples=1))
    assert not [name for name in names(one) if name.startswith(("ESS", "IWAE"))]


def test_the_error_of_a_median_is_that_of_its_order_statistics() -> None:
    """Of 400 uniform numbers it is ½/√400 = .025; 2000 repeats know the spread to 1/√4000 = 1.6 %, four of them."""
    draws = torch.rand(2000, 400, generator=torch.Generator().manual_seed(1))
    medians, errors = zip(*(median_of(row) for row in draws), strict=True)
    spread = torch.tensor(medians).std().item()
    assert spread == pytest.approx(0.025, rel=0.064)
    # The mean of 2000 errors, each scattered by about a quarter: 0.6 %; and a bias of one part in √N.
    assert torch.tensor(errors).mean().item() == pytest.approx(spread, rel=0.12)
    assert math.isnan(median_of(torch.ones(1))[1])


def test_annealing_lies_between_its_bracket_and_beside_iwae(subject: Make) -> None:
    found = measure(subject(**SMALL), ("annealed",), replace(QUICK, annealed_examples=20))
    bound = found.figure("-log p(x), AIS")
    assert (bound.bound, bound.measure) == ("≤", "mass")
    assert "first 20 examples, 3 chains, 3 temperatures; IWAE-7 of them" in bound.reference
    gap = found.figure("simulated x, bracket")
    difference = found.value("simulated x, AIS") - found.value("simulated x, reverse AIS")
    assert gap.value == pytest.approx(difference, abs=1e-4)
    # On average not below 0: five standard errors, false in 3 of 10 million.
    assert gap.value > -5 * gap.standard_error


def test_pictures_of_a_window_have_structure(subject: Make) -> None:
    given = subject(data=tiny(16), **SMALL)
    found = measure(given, ("pictures",))
    x = given.examples.all()
    expected = ssim(x, given.vae.reconstruct(x)).mean().item()
    assert found.value("SSIM", unit="") == pytest.approx(expected, rel=1e-5)
    assert {"MS-SSIM (scales: 1)", "sharpness"} <= set(names(found))
    assert names(measure(subject(**SMALL), ("pictures",))) == ["MSE", "PSNR"]


def test_samples_are_compared_in_a_space_whose_name_stands_beside_every_number(subject: Make) -> None:
    found = measure(subject(**SMALL), ("samples",), QUICK, asked=True)
    assert names(found) == [
        "Fréchet distance",
        "kernel distance",
        "precision",
        "recall",
        "density",
        "coverage",
    ]
    assert all(f.measure.startswith("in pixels ") and "resize: none" in f.measure for f in found.figures)
    assert all("training examples in place of samples" in figure.reference for figure in found.figures)
    assert (
        "120 samples, means of p(x|z), against 120 examples; pixels; 36 features; resize: none" in found.note
    )


def test_no_space_no_number(subject: Make) -> None:
    found = measure(subject(**SMALL), ("samples",), replace(QUICK, features=None), asked=True)
    assert found.figures == ()
    assert "vaekit features DATA" in found.note


def test_a_space_that_is_not_there_is_told_before_anything_is_measured(subject: Make, tmp_path: Path) -> None:
    lost = replace(QUICK, features=str(tmp_path / "lost"))
    with pytest.raises(UserError, match="lost"):
        measure(subject(**SMALL), ("bounds", "samples"), lost, Journal(tmp_path / "kept"))
    assert not (tmp_path / "kept").exists()


def test_several_sets_of_samples_are_averaged(subject: Make) -> None:
    given = subject(**SMALL)
    one, two = (measure(given, ("samples",), replace(QUICK, seeds=seeds)) for seeds in (1, 2))
    assert "2 sets of samples" in two.figures[0].reference
    assert one.figures[0].value != two.figures[0].value
    assert one.value("coverage", unit="") == pytest.approx(two.value("coverage", unit=""), abs=0.1)


def test_draws_are_no_means(subject: Make) -> None:
    given = subject(**SMALL)
    means, draws, again = (measure(given, ("samples",), replace(QUICK, draws=d)) for d in (False, True, True))
    assert means.figures[0].value != draws.figures[0].value
    assert draws == again
    assert "draws from p(x|z)" in draws.note


def test_copying_is_told_from_new_samples(subject: Make) -> None:
    found = measure(subject(**SMALL), ("memorisation",), replace(QUICK, features=None))
    z, share = found.figures
    assert z.name == "z, nearness to training"
    assert z.value > -3
    assert "copying shows as z < -3" in z.reference
    assert f"without copying: {160 / 280:.4f}" in share.reference
    assert "in pixels" in share.measure


def test_latents_are_counted_and_probed(subject: Make) -> None:
    found = measure(subject(data=tiny(labelled=True), **SMALL), ("latents",))
    assert {"active units", "dead units", "largest KL", "median KL", "linear probe, accuracy"} <= set(
        names(found)
    )
    probe = found.figure("linear probe, accuracy", unit="")
    assert "codes that say nothing: 0." in probe.reference
    assert 0 <= probe.value <= 1
    own = measure(subject(data=tiny(labelled=True), split="train", **SMALL), ("latents",))
    assert "fitted on the training split" in own.note


def test_factors_are_held_against_codes_where_they_are_known(subject: Make) -> None:
    found = measure(subject(data=tiny(factors=True), **SMALL), ("factors",))
    assert {"MIG", "SAP", "DCI disentanglement", "FactorVAE score", "modularity"} <= set(names(found))
    assert all(0 <= figure.value <= 1 and "row, column" in figure.measure for figure in found.figures)


@pytest.mark.parametrize(
    ("recipe", "options", "group", "words"),
    [
        ("ae", SMALL, "bounds", "no likelihood of x"),
        ("ae", SMALL, "annealed", "points"),
        ("ae", SMALL, "samples", "fit-prior RUN --prior gmm"),
        ("ae", SMALL, "memorisation", "fit-prior RUN --prior gmm"),
        ("ae", SMALL, "latents", "no active units and no KL"),
        ("ae", SMALL, "codes", "no perplexity"),
        ("vae", SMALL, "factors", "no factors of variation are known"),
        ("vq_vae", {"size": "tiny", "codes": 8}, "annealed", "discrete"),
        ("vq_vae", {"size": "tiny", "codes": 8}, "latents", "codes of a codebook"),
        ("pixel_vae", {"latents": 2, "size": "tiny"}, "pictures", "no squared error"),
    ],
)
def test_what_a_model_lacks_is_a_sentence_and_no_number(
    recipe: str, options: dict[str, object], group: str, words: str, subject: Make
) -> None:
    found = measure(subject(recipe, tiny(8), **options), (group,), QUICK, asked=True)
    assert words in found.note
    assert found.note.startswith(f"{group}: ")
    assert found.figures == ()


def test_discrete_codes_have_a_perplexity_but_no_dimensions(subject: Make) -> None:
    given = subject("vq_vae", tiny(8, factors=True), size="tiny", codes=8)
    found = measure(given, ("factors", "codes"), QUICK, asked=True)
    assert [figure.group for figure in found.figures] == ["codes"]
    assert "no disentanglement" in found.note


def test_where_nothing_was_asked_only_what_matters_is_said(subject: Make) -> None:
    found = measure(subject("ae", **SMALL), ("bounds", "factors", "codes"), QUICK)
    assert found.note.startswith("bounds: no likelihood of x")
    assert "\n" not in found.note


def test_groups_measured_earlier_of_the_same_model_are_kept_beside_new_ones(subject: Make) -> None:
    given = subject(**SMALL)
    bounds, pictures = (measure(given, (group,), QUICK) for group in ("bounds", "pictures"))
    both = pictures.over(bounds)
    assert [figure.group for figure in both.figures][:: len(both.figures) - 1] == ["bounds", "pictures"]
    assert both.importance_samples == 7
    assert both.over(both) == both
    stranger = replace(bounds, key="another")
    assert pictures.over(stranger) == pictures
