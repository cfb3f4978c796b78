"""vaekit impute: what is written, what stays, how good it is, and refusals."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vaekit as package
from tests.support import refused


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows on a line with a little noise, a fifth of the values missing; and the same, complete."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(400, 1)) * [1.0, -1.0, 2.0] + 0.1 * rng.normal(size=(400, 3))).astype(np.float32)
    folder = tmp_path_factory.mktemp("table")
    np.save(folder / "whole.npy", x)
    x[rng.random(x.shape) < 0.2] = np.nan
    np.save(folder / "holes.npy", x)
    return folder


@pytest.fixture(scope="module")
def run(table: Path) -> Path:
    options = {"latents": 1, "hidden": (16,), "epochs": 8, "batch_size": 32, "lr": 5e-3, "samples": 5}
    made = package.train(
        str(table / "holes.npy"), "missing_data_vae", out=table / "run", quiet=True, **options
    )
    return made.folder.path


def test_a_table_is_filled_and_what_was_observed_is_untouched(
    run: Path, table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    holes, out = np.load(table / "holes.npy"), tmp_path / "filled.npy"
    answer = vaekit("impute", run, table / "holes.npy", "-o", out, "--importance_samples", 50)
    assert answer.code == 0, answer.error
    filled, seen = np.load(out), ~np.isnan(holes)
    assert filled.dtype == np.float32
    assert np.array_equal(filled[seen].view(np.uint32), holes[seen].view(np.uint32))
    assert np.isfinite(filled).all()
    assert f"{int((~seen).sum())} of 1,200 values" in answer.out
    assert "effective sample size" in answer.out


def test_a_csv_is_read_back_bit_for_bit_and_has_the_draws_too(
    run: Path, table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    holes, out = np.load(table / "holes.npy"), tmp_path / "filled.csv"
    more = ("--draws", 2, "--importance_samples", 20)
    answer = vaekit("impute", run, table / "holes.npy", "-o", out, *more)
    assert answer.code == 0, answer.error
    with out.open(newline="") as file:
        rows = [*csv.reader(file)]
    assert rows[0] == ["draw", "index", "x0", "x1", "x2"]
    values = np.array(rows[1:], np.float32).reshape(3, 400, 5)
    assert [*map(int, values[:, 0, 0])] == [0, 1, 2]
    assert np.array_equal(values[1, :, 1], np.arange(400))
    seen = ~np.isnan(holes)
    for draw in values[:, :, 2:]:
        assert np.array_equal(draw[seen], holes[seen])
    assert not np.array_equal(values[1], values[2])


def test_an_archive_holds_everything(run: Path, table: Path, tmp_path: Path, vaekit: Callable) -> None:
    out = tmp_path / "filled.npz"
    answer = vaekit("impute", run, table / "holes.npy", "-o", out, "--draws", 3, "--importance_samples", 20)
    assert answer.code == 0, answer.error
    with np.load(out) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
    assert shapes == {
        "mean": (400, 3), "missing": (400, 3), "index": (400,), "ess": (400,), "draws": (3, 400, 3)
    }  # fmt: skip


def test_hidden_values_come_back_better_than_means(
    run: Path, table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    answer = vaekit("impute", run, table / "whole.npy", "--hide", 0.3, "-o", tmp_path / "sheet.png")
    assert answer.code == 0, answer.error
    found = package.impute(package.load(run), str(table / "whole.npy"), hide=0.3)
    assert found.rmse < 0.7 * found.rmse_of_means
    assert f"{found.rmse:.4f}; filling with the training means: {found.rmse_of_means:.4f}" in answer.out
    whole = np.load(table / "whole.npy")
    hidden = found.hidden.numpy()
    # Written out: the mean of the training examples, in deviations of their columns.
    train = package.load(run).data().train.array
    error = (np.nanmean(train, 0) - whole) / np.nanstd(train, 0)
    assert found.rmse_of_means == pytest.approx(np.sqrt(np.square(error[hidden]).mean()), rel=1e-4)
    assert hidden.mean() == pytest.approx(0.3, abs=0.06)
    other = package.impute(
        package.load(run), str(table / "whole.npy"), hide=0.3, seed=1, importance_samples=5
    )
    assert not np.array_equal(other.hidden.numpy(), hidden)


def test_a_model_of_complete_pictures_fills_holes_and_says_what_its_encoder_saw(
    trained: Path, tmp_path: Path, vaekit: Callable
) -> None:
    sheet = tmp_path / "sheet.png"
    answer = vaekit("impute", trained, "--hide", 0.5, "--importance_samples", 50, "-o", sheet)
    assert answer.code == 0, answer.error
    assert "was trained on complete examples" in answer.out
    with Image.open(sheet) as image:
        assert image.width > 100
    run = package.load(trained)
    found = package.impute(run, hide=0.5, importance_samples=50)
    x = run.examples("test").all()[run.data().test.index_in_source.argsort().tolist()]
    assert (found.mean[~found.missing] == x[~found.missing]).all()


def test_gaps_are_refused_by_commands_that_cannot_take_them(
    table: Path, tmp_path: Path, vaekit: Callable
) -> None:
    folder = tmp_path / "run"
    refused(vaekit("train", table / "holes.npy"), "takes complete examples", "--recipe missing_data_vae")
    whole = str(table / "whole.npy")
    package.train(whole, latents=1, epochs=1, prior="standard", out=folder, quiet=True)
    refused(
        vaekit("score", folder, table / "holes.npy"), "values are missing (NaN) in holes", "vaekit impute"
    )
    answer = vaekit(
        "impute", folder, table / "holes.npy", "-o", tmp_path / "f.npy", "--importance_samples", 20
    )
    assert answer.code == 0, answer.error
    assert "its encoder sees the training mean" in answer.out


def test_mistakes_are_told_in_a_sentence(
    run: Path, table: Path, trained: Path, tmp_path: Path, vaekit: Callable
) -> None:
    refused(vaekit("impute", run, table / "whole.npy"), "nothing is missing in whole", "--hide 0.3")
    refused(vaekit("impute", run, "-o", tmp_path / "x.txt"), "should end in one of .csv, .npy")
    refused(vaekit("impute", run, "--hide", 1.0), "between 0 and 1")
    refused(vaekit("impute", run, "--draws", -1), "--draws must be at least 0")
    refused(vaekit("impute", run, "--split", "all of it"), "there is no split all of it")
    refused(vaekit("impute", trained, "--hide", 0.3, "-o", tmp_path / "x.csv"), "a .csv is for tables")


def test_a_category_is_filled_with_one_of_the_categories(tmp_path: Path) -> None:
    """A column tells the category, 0 or 2 alone: a mean of the codes would be 1."""
    rng = np.random.default_rng(0)
    code = 2.0 * rng.integers(0, 2, 300)
    x = np.stack([code - 1 + 0.8 * rng.normal(size=300), code], 1).astype(np.float32)
    x[::3, 1] = np.nan
    np.save(tmp_path / "x.npy", x)
    options = {
        "columns": "real,categorical:3",
        "latents": 1,
        "hidden": (16,),
        "epochs": 10,
        "batch_size": 32,
        "lr": 5e-3,
    }
    out = tmp_path / "run"
    run = package.train(
        str(tmp_path / "x.npy"), "missing_data_vae", out=out, quiet=True, samples=5, **options
    )
    found = package.impute(run, str(tmp_path / "x.npy"), importance_samples=50)
    filled = found.mean[found.missing].numpy()
    assert len(found.draws) == 0
    assert set(filled.tolist()) <= {0.0, 2.0}
    assert (filled == code[::3]).mean() > 0.75
