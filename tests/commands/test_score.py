"""vaekit score: rows, order, summary and refusals."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import vaekit as package
from tests.support import refused

NORMAL, ODD = 150, 20


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows on a line; the last ones off it, label 1."""
    rng = np.random.default_rng(0)
    t = rng.normal(size=(NORMAL, 1))
    x = np.concatenate([t * [1.0, -1.0, 2.0], rng.normal(size=(ODD, 3)) * 3 + 6]).astype(np.float32)
    x += 0.1 * rng.normal(size=x.shape).astype(np.float32)
    folder = tmp_path_factory.mktemp("table")
    np.savez(folder / "all.npz", X=x, y=np.arange(len(x)) >= NORMAL)
    np.save(folder / "normal.npy", x[:NORMAL])
    return folder


@pytest.fixture(scope="module")
def run(table: Path) -> package.Run:
    options = {"latents": 2, "hidden": (16,), "epochs": 20, "batch_size": 32, "lr": 3e-3, "prior": "standard"}
    return package.train(str(table / "normal.npy"), out=table / "run", quiet=True, **options)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def test_anomalies_are_found_and_written_row_by_row(
    run: package.Run, table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    out = tmp_path / "scores.csv"
    answer = vaekit("score", run.folder.path, table / "all.npz", "-o", out, "--importance_samples", 20)
    assert answer.code == 0, answer.error
    rows = read(out)
    assert [int(row["index"]) for row in rows] == [*range(NORMAL + ODD)]
    assert [int(row["label"]) for row in rows] == [0] * NORMAL + [1] * ODD
    assert {"iwae", "elbo", "nll", "rate", "error", "ess", "bits_per_dimension", "p_value"} <= set(rows[0])
    found = package.score(run, str(table / "all.npz"), importance_samples=20)
    np.testing.assert_allclose([float(row["iwae"]) for row in rows], found.ranked.numpy(), rtol=1e-5)
    assert found.detection is not None
    assert found.detection.roc_auc > 0.95
    assert f"ROC-AUC {found.detection.roc_auc:.4f}" in answer.out
    assert found.beyond is not None
    assert f"{int(found.beyond.sum())} of {NORMAL + ODD}" in answer.out
    assert "higher is more unusual" in answer.out


def test_the_most_unusual_come_first_where_asked(
    run: package.Run, table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    out = tmp_path / "scores.csv"
    answer = vaekit("score", run.folder.path, table / "all.npz", "-o", out, "--sort", "--by", "error")
    assert answer.code == 0, answer.error
    errors = [float(row["error"]) for row in read(out)]
    assert errors == sorted(errors, reverse=True)


def test_its_own_test_split_is_the_default_and_validation_the_yardstick(run: package.Run) -> None:
    found = package.score(run, importance_samples=5)
    data = run.data()
    assert found.index.tolist() == sorted(data.test.index_in_source.tolist())
    assert found.normal is not None
    assert len(found.normal) == len(data.validation)
    assert found.detection is None
    itself = package.score(run, split="validation", importance_samples=5)
    assert itself.normal is not None
    assert sorted(itself.ranked.tolist()) == sorted(itself.normal.ranked.tolist())
    assert itself.threshold == pytest.approx(np.quantile(itself.ranked.double().numpy(), 0.99))


def test_data_that_are_gone_are_no_yardstick(table: Path, tmp_path: Path, vaekit: Callable) -> None:
    x = np.load(table / "normal.npy")
    np.save(tmp_path / "gone.npy", x)
    run = package.train(
        str(tmp_path / "gone.npy"), latents=1, epochs=1, prior="standard", out=tmp_path / "run", quiet=True
    )
    (tmp_path / "gone.npy").unlink()
    answer = vaekit("score", run.folder.path, table / "normal.npy", "-o", tmp_path / "s.csv")
    assert answer.code == 0, answer.error
    assert "nothing to compare with: there is no data at" in answer.out
    assert "p_value" not in (tmp_path / "s.csv").read_text()


def test_mistakes_are_told_in_a_sentence(run: package.Run, tmp_path: Path, vaekit: Callable) -> None:
    folder = run.folder.path
    refused(vaekit("score", folder, "-o", tmp_path / "s.txt"), "written as .csv")
    refused(
        vaekit("score", folder, "--split", "tset"),
        "there is no split tset: say train, validation, test or all",
    )
    refused(vaekit("score", folder, "--by", "iwea"), "did you mean iwae")
    refused(vaekit("score", folder, "--importance_samples", 0), "at least 1")
    refused(vaekit("score", folder, "digits"), "has examples of shape (1, 8, 8)")
