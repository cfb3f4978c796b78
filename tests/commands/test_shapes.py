"""One picture format each through the public command: grey, colour, oblong; 1, 3 and 4 channels; a table."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FORMATS = {
    "28x28-grey": ((28, 28), (1, 28, 28)),
    "32x32-colour": ((32, 32, 3), (3, 32, 32)),
    "48x64-colour": ((48, 64, 3), (3, 48, 64)),
    "20x12-alpha": ((20, 12, 4), (4, 20, 12)),
    "9x8-one-channel": ((9, 8, 1), (1, 9, 8)),
}


@pytest.mark.parametrize(
    ("name", "net"),
    [
        *((name, "conv") for name in FORMATS),
        *(("20x12-alpha", net) for net in ("mlp", "conv_post", "resnet")),
    ],
)
def test_a_format_trains_samples_and_is_measured(
    name: str, net: str, tmp_path: Path, vaekit: Callable, pictures: Callable[..., np.ndarray]
) -> None:
    stored, shape = FORMATS[name]
    source, run = tmp_path / "pictures.npy", tmp_path / "run"
    np.save(source, pictures(60, *stored))
    options = [
        "--net",
        net,
        "--size",
        "tiny",
        "--latents",
        3,
        "--epochs",
        2,
        "--batch_size",
        16,
        "--out",
        run,
    ]
    outcome = vaekit("train", source, *options)
    assert outcome.code == 0, outcome.error
    assert "×".join(map(str, shape)) in outcome.out
    evaluation = json.loads((run / "evaluation.json").read_text())
    by_name = {
        (figure["name"], figure["measure"], figure["unit"]): figure for figure in evaluation["figures"]
    }
    mass = by_name["-ELBO", "mass", "bits/dim"]["value"]
    # 256 equally likely levels cost 8 bits; a mass can cost no less than 0.
    assert 0 < mass < 9
    sheet = tmp_path / "sample.png"
    assert vaekit("sample", run, "-n", 4, "--draw", "-o", sheet).code == 0
    with Image.open(sheet) as image:
        assert min(image.size) >= 2 * min(shape[1:])
    assert vaekit("reconstruct", run, "-o", tmp_path / "reconstruction.png").code == 0


def test_a_table_of_floats_trains_and_has_a_density_only(tmp_path: Path, vaekit: Callable) -> None:
    rng = np.random.default_rng(0)
    source, run = tmp_path / "table.npy", tmp_path / "run"
    np.save(source, (rng.normal(size=(200, 3)) @ rng.normal(size=(3, 7)) * 5 + 20).astype(np.float32))
    outcome = vaekit("train", source, "--latents", 3, "--epochs", 3, "--out", run)
    assert outcome.code == 0, outcome.error
    assert "density" in outcome.out
    assert "mass" not in outcome.out
    for command in (
        ["sample", run, "-n", 5],
        ["reconstruct", run],
        ["traverse", run],
        ["interpolate", run, 0, 1],
    ):
        answer = vaekit(*command)
        assert answer.code == 0, answer.error
