"""Models and data at the edge: a reason for what cannot be read, and never a traceback."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import vaekit
from tests.diagnosis.conftest import Chair, gaussian, patient_of
from vaekit.cli import main
from vaekit.data import load
from vaekit.diagnosis import diagnose
from vaekit.diagnosis.table import diagnosis_table
from vaekit.diagnosis.watch import Watch
from vaekit.errors import UserError
from vaekit.posteriors import DiagonalGaussian


@pytest.mark.parametrize("examples", [10, 20, 60])
def test_few_examples(examples: int) -> None:
    data = load(np.asarray(gaussian(400, 6, 2).train.array)[:examples])
    found = diagnose(patient_of(data, 2))
    assert "nan" not in diagnosis_table(found).split()
    json.loads(found.to_json())
    if examples == 10:
        assert "two test examples" in found.finding("holes").note


def test_one_latent_and_constant_columns() -> None:
    x = np.array(gaussian(400, 6, 2).train.array)
    x[:, 3] = 1.5
    found = diagnose(patient_of(load(x), 1))
    assert not {finding.measure for finding in found.findings if "nan" in finding.value}


def test_weights_that_are_not_finite_are_said_once(chair: Chair) -> None:
    next(chair.healthy.vae.parameters()).data.fill_(math.nan)
    with pytest.raises(UserError, match="not finite"):
        diagnose(chair.healthy)


def test_what_overflows_is_not_read(chair: Chair) -> None:
    posterior = chair.healthy.vae.posteriors["z"]
    assert isinstance(posterior, DiagonalGaussian)
    posterior.log_std = torch.nn.Parameter(torch.full((8,), 100.0))
    found = diagnose(chair.healthy)
    assert "exploding variance" in found.illnesses
    assert "nan" not in diagnosis_table(found).split()
    json.loads(found.to_json())


def test_a_model_of_two_sites() -> None:
    data = gaussian(200, 6, 2)
    model = vaekit.build_recipe("hierarchical_vae", data.spec).model.eval()
    patient = patient_of(gaussian(100, 6, 2), 2)
    found = diagnose(type(patient)(model, data, (), 1, None, 0, patient.commands, {}))
    assert found.finding("active units").value.split()[2] == str(sum(model.latents.sites.values())) + ","
    json.loads(found.to_json())


def test_a_run_on_an_array_is_asked_in_python_and_refused_in_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.asarray(gaussian(300, 6, 2).train.array)
    run = vaekit.train(x, "ppca", latents=2, sheets=0, speed="plain", out=tmp_path / "run", quiet=True)
    found = vaekit.diagnose(run, x)
    assert all(
        "vaekit.train(" in f.advice.command or "numpy" in f.advice.command for f in found.bad if f.advice
    )
    capsys.readouterr()
    assert main(["diagnose", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "an object in memory" in said
    assert said.count("\n") == 1


def test_a_run_whose_data_moved_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.asarray(gaussian(300, 6, 2).train.array)
    np.save(tmp_path / "x.npy", x)
    vaekit.train(
        str(tmp_path / "x.npy"), "ppca", latents=2, sheets=0, speed="plain", out=tmp_path / "run", quiet=True
    )
    capsys.readouterr()
    assert main(["diagnose", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "diagnosis.json").is_file()
    (tmp_path / "x.npy").unlink()
    capsys.readouterr()
    assert main(["diagnose", str(tmp_path / "run")]) == 2
    assert "x.npy" in capsys.readouterr().err


def test_the_watch_says_no_number_that_is_none(chair: Chair) -> None:
    watch = Watch(0.0, chair.healthy.test.first(20))
    row = {"validation_elbo_density": math.nan, "validation_kl": math.nan, "validation_nll_density": math.nan}
    said = [watch.look(chair.healthy.vae, row, 0.5 + i / 100) for i in range(30)]
    lines = [line for line in said if line is not None]
    assert len(lines) == 1
    assert "not finite" in lines[0]
