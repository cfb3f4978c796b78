"""The commands that use a trained model."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image


@pytest.fixture
def run(trained: Path) -> Path:
    return trained


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_sample_is_a_function_of_the_seed(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        assert vaekit("sample", run, "-n", 9, "--seed", seed, "-o", path).code == 0
    a, b, c = (path.read_bytes() for path in paths)
    assert a == b != c


def test_draws_differ_from_means(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    assert vaekit("sample", run, "-n", 4, "-o", tmp_path / "mean.png").code == 0
    assert vaekit("sample", run, "-n", 4, "--draw", "-o", tmp_path / "draw.png").code == 0
    assert (tmp_path / "mean.png").read_bytes() != (tmp_path / "draw.png").read_bytes()


def test_examples_come_by_index_and_by_path(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    picture = tmp_path / "mine.png"
    Image.new("RGB", (40, 30), (200, 10, 90)).save(picture)
    np.save(tmp_path / "mine.npy", np.full((1, 8, 8), 16, np.uint8))
    for names in (["0", "3"], [picture, "2"], [tmp_path / "mine.npy"]):
        answer = vaekit("reconstruct", run, *names, "-o", tmp_path / "r.png")
        assert answer.code == 0, answer.error
        assert answer.out.startswith(f"{len(names)} reconstructions")
    answer = vaekit("interpolate", run, picture, 3, "--steps", 5, "-o", tmp_path / "i.png")
    assert answer.code == 0, answer.error
    width, height = size(tmp_path / "i.png")
    assert width > 3 * height


def test_traverse_orders_dimensions(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    answer = vaekit("traverse", run, "-o", tmp_path / "t.png")
    assert answer.code == 0, answer.error
    assert size(tmp_path / "t.png")[0] > 100


def test_encode_writes_mean_std_label_and_file(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    path = tmp_path / "codes.npz"
    answer = vaekit("encode", run, "digits", "-o", path)
    assert answer.code == 0, answer.error
    with np.load(path, allow_pickle=False) as codes:
        assert set(codes.files) == {"mean", "std", "label", "file", "split", "index"}
        assert codes["mean"].shape == codes["std"].shape == (1797, 2)
        assert (codes["std"] > 0).all()
        assert set(codes["label"]) == set(range(10))
        assert (codes["split"] == "test").sum() == 180
        assert sorted(codes["index"]) == list(range(1797))


def test_a_code_can_be_found_again_in_the_source(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    rng = np.random.default_rng(0)
    source = rng.integers(0, 17, (60, 8, 8)).astype(np.uint8)
    np.save(tmp_path / "mine.npy", source)
    assert vaekit("encode", run, tmp_path / "mine.npy", "-o", tmp_path / "codes.npz").code == 0
    from vaekit.training.run import load_run

    vae = load_run(run).vae
    x = torch.tensor(source / 16, dtype=torch.float32).unsqueeze(1)
    with np.load(tmp_path / "codes.npz") as codes:
        expected = vae.encode(x).mean.numpy()[codes["index"]]
        np.testing.assert_allclose(codes["mean"], expected, rtol=1e-4, atol=1e-5)


def test_evaluate_does_not_depend_on_the_chunks(run: Path, vaekit: Callable) -> None:
    figures = []
    for blocks in (1, 4):
        answer = vaekit("evaluate", run, "--importance_samples", 60, "--blocks", blocks)
        assert answer.code == 0, answer.error
        figures.append(json.loads((run / "evaluation.json").read_text())["figures"])
    for a, b in zip(*figures, strict=True):
        assert a["name"] == b["name"]
        assert a["value"] == pytest.approx(b["value"], rel=1e-5)


def test_evaluate_says_mass_or_density_of_every_bound(run: Path, vaekit: Callable) -> None:
    answer = vaekit("evaluate", run, "--split", "validation", "--importance_samples", 5)
    rows = [row for row in answer.out.splitlines() if "ELBO" in row or "IWAE" in row or "distortion" in row]
    assert len(rows) == 6
    assert all(("mass" in row) != ("density" in row) and "bits/dim" in row for row in rows)


def test_other_data_can_be_scored_if_they_fit(run: Path, tmp_path: Path, vaekit: Callable) -> None:
    fits, other = tmp_path / "fits.npy", tmp_path / "other.npy"
    rng = np.random.default_rng(0)
    np.save(fits, rng.integers(0, 17, (50, 8, 8)).astype(np.uint8))
    np.save(other, rng.integers(0, 17, (50, 8, 9)).astype(np.uint8))
    refused = vaekit("evaluate", run, other)
    assert refused.code == 2
    assert "shape" in refused.error
    # A file of whole numbers does not say how many levels it has: the model's 17 are meant.
    answer = vaekit("evaluate", run, fits, "--importance_samples", 5)
    assert answer.code == 0, answer.error


def test_fit_prior_changes_the_bound_and_the_samples(tmp_path: Path, vaekit: Callable) -> None:
    run = tmp_path / "run"
    assert (
        vaekit("train", "digits", "--latents", 4, "--epochs", 5, "--prior", "standard", "--out", run).code
        == 0
    )
    before = (run / "evaluation.json").read_text()
    cool = vaekit("sample", run, "--temperature", "0.5", "-o", tmp_path / "cool.png")
    assert cool.code == 0, cool.error
    answer = vaekit("fit-prior", run, "--prior", "gmm")
    assert answer.code == 0, answer.error
    assert (run / "evaluation.json").read_text() != before
    refused = vaekit("sample", run, "--temperature", "0.5")
    assert refused.code == 2
    assert "fit-prior RUN --prior standard" in refused.error
    assert "prior: gmm" in (run / "config.yaml").read_text()
    assert vaekit("fit-prior", run, "--prior", "standard").code == 0
    assert (run / "evaluation.json").read_text() == before


def test_recipes_lists_each_with_its_source(vaekit: Callable) -> None:
    out = vaekit("recipes").out
    for name in ("vae", "mse_vae", "beta_vae", "iwae", "linear_vae", "ppca", "hierarchical_vae"):
        assert f"{name}\n" in out
    assert out.count("https://") + out.count("Tipping") >= 7


def test_verify_prints_four_things_and_its_exit_code_is_the_verdict(
    vaekit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = vaekit("verify", "C5")
    assert answer.code == 0
    for word in ("expected", "measured", "tolerance", "0 failed"):
        assert word in answer.out
    from vaekit.verification import Check, gate

    wrong = Check("C5", "one is two", expected=1.0, measured=2.0, tolerance=0.1)
    monkeypatch.setattr(gate, "GATES", {"C5": lambda: [wrong]})
    broken = vaekit("verify", "C5")
    assert broken.code == 1
    assert "FAIL" in broken.out
