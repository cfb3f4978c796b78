"""What the doctor's table rests on: faults that are really planted, runs made once, and what counts as found."""

import doctest
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.doctor_parts import alterations, cases, counting, runs, sources
from vaekit import Run
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.diagnosis import Advice, Diagnosis, Finding
from vaekit.diagnosis.checks import scale

PLACES = sources.Places(Path("none"), Path("none"), Path("none"))
TINY = {"net": "mlp", "latents": 4, "epochs": 1, "prior": "standard"}


def planted(alteration: alterations.Alteration | None = None) -> cases.Case:
    training = cases.Training("digits", "vae", TINY)
    found = frozenset(("collapse",))
    return cases.Case(cases.Planted("a test", training, found, alteration=alteration), 3, "tuning")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Run, Data]]:
    """A run with an illness planted; each is loaded anew, for some are altered in place."""
    folder = tmp_path_factory.mktemp("doctor")
    return lambda alteration=None: runs.patient(planted(alteration), PLACES, folder)


@pytest.mark.parametrize("module", [sources, cases, counting, runs], ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # pyright: ignore[reportArgumentType]
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_run_is_made_once(patient: Callable[..., tuple[Run, Data]]) -> None:
    first, data = patient()
    written = first.folder.model.stat().st_mtime_ns
    again, _ = patient()
    assert again.folder.model.stat().st_mtime_ns == written
    assert first.config.training.seed == 3
    assert data.levels == 17


def test_an_interrupted_run_is_made_anew(tmp_path: Path) -> None:
    case = planted()
    folder = runs.folder_of(case, tmp_path)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("data: digits")
    assert runs.trained(case, PLACES, tmp_path).folder.model.is_file()


def test_sigma_is_off_by_the_factor_asked_for(
    patient: Callable[..., tuple[Run, Data]], tmp_path: Path
) -> None:
    usual, _ = patient()
    training = cases.Training("digits", "vae", TINY, sigma=3.0)
    case = cases.Case(cases.Planted("sigma", training), 3, "tuning")
    assert runs.trained(case, PLACES, tmp_path).config.options["sigma"] == pytest.approx(
        3 * runs.solved(usual)
    )


@pytest.mark.parametrize(("fault", "part"), [("few", "train"), ("handful", "valid"), ("mirrored", "valid")])
def test_faults_change_what_they_should(fault: str, part: str) -> None:
    splits = sources.divided(np.random.default_rng(0).random((1000, 4, 4)), 0)
    faulty = sources.FAULTS[fault](splits, 0)
    assert np.array_equal(faulty["test"], splits["test"])
    assert not np.array_equal(faulty[part], splits[part])


def test_half_of_validation_is_mirrored() -> None:
    splits = sources.divided(np.random.default_rng(0).random((1000, 4, 4)), 0)
    valid = sources.mirrored(splits, 0)["valid"]
    same = (valid == splits["valid"]).all((1, 2))
    assert same.sum() == 50
    assert np.array_equal(valid[~same], splits["valid"][~same][..., ::-1])


def test_a_leak_is_as_large_as_said(patient: Callable[..., tuple[Run, Data]]) -> None:
    _, clean = patient()
    _, data = patient(alterations.leaked)

    def known(one: Data) -> int:
        train = {row.tobytes() for row in one.train.array}
        return sum(row.tobytes() in train for row in one.test.array)

    assert known(data) - known(clean) == round(alterations.LEAKED * len(data.test))


def test_no_code_is_left_in_the_hole(patient: Callable[..., tuple[Run, Data]]) -> None:
    run, clean = patient()
    centre, spread, _ = alterations.codes_of(run, clean)
    ball = alterations.Ball(centre, alterations.HOLE * spread)
    _, data = patient(alterations.emptied)
    assert 0 < len(data.train) <= len(clean.train)
    _, _, means = alterations.codes_of(run, data)
    assert not ball.holds(means).any()


def test_the_decoder_shows_another_picture_in_its_hole(patient: Callable[..., tuple[Run, Data]]) -> None:
    run, data = patient()
    torn, _ = patient(alterations.decoder_hole)
    _, _, means = alterations.codes_of(run, data)
    far = means[(means - means[0]).norm(dim=-1).argmax()]
    with torch.no_grad():
        assert torch.allclose(torn.vae.decoder(means[:1]), run.vae.decoder(far[None]), atol=1e-5)


def test_a_quarter_of_the_posteriors_explodes(patient: Callable[..., tuple[Run, Data]]) -> None:
    run, data = patient(alterations.exploded)
    with torch.no_grad():
        width = run.vae.encode(Examples.of(data, "test").first(50)).stddev
    assert (width > 50).all(0).sum() == 1


def test_what_counts_as_found() -> None:
    advice = Advice("do", "vaekit")
    bad = [
        Finding("active units", "collapse", "0", "1", "bad", advice=advice, number=0),
        Finding("sharpness", "blur", "0.1", "0.3", "bad", advice=advice, number=0.123456),
    ]
    case = planted()
    row = counting.row_of(case, Diagnosis("run", tuple(bad)))
    assert (row["found"], row["besides"]) == (True, ["blur"])
    assert row["measures"]["sharpness"] == ["bad", 0.1235]
    missed = counting.row_of(case, Diagnosis("run", tuple(bad[1:])))
    assert missed["found"] is False
    healthy = cases.Case(cases.Planted("well", case.planted.training, kind="healthy"), 0, "tuning")
    alarm = counting.row_of(healthy, Diagnosis("run", tuple(bad)))
    counted = counting.summary([row, missed, alarm], "tuning")
    assert (counted["planted"], counted["found"], counted["healthy"]) == (2, 1, 1)
    assert counted["healthy with an alarm"] == ["well / digits / 0: blur, collapse"]
    assert "**missed**" in counting.markdown([row, missed, alarm])


def test_thresholds_are_read_from_the_code() -> None:
    found = counting.thresholds()
    assert found["vaekit.diagnosis.checks.scale.FAR_HIGH"] == scale.FAR_HIGH


def test_no_case_of_the_test_was_seen_while_thresholds_were_set() -> None:
    every = cases.all_cases()
    tuning = {case.seed for case in every if case.part == "tuning"}
    assert not tuning & {case.seed for case in every if case.part == "test"}
    assert {case.planted.training.data for case in every if case.planted.kind == "healthy"} == {
        *cases.PROPERLY,
        "linear",
    }
    assert len({(case.name, case.part) for case in every}) == len(every)
