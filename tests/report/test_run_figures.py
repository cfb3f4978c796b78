from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.report.run_figures import Figures, Labelled, run_figures
from vaekit.spec import DataSpec

ALWAYS = ["reconstructions", "samples", "samples_draws", "interpolation", "traversal"]
ROWS = [{"epoch": 1.0, "train_loss": 3.0, "validation_elbo_mass": -4.0}]


def draw(make_vae, folder: Path, shape=(1, 6, 5), levels=2, labels=None, rows=(), n=24, **options) -> Figures:
    vae = make_vae(DataSpec(shape, levels, 0.2), **options)
    stored = torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))
    examples = Examples((stored > 0.5).float() if levels == 2 else stored, 1.0, False)
    split = Labelled(examples, labels)
    return run_figures(vae, DataSpec(shape, levels, 0.2), split, split, rows, folder)


def test_two_latents_give_every_picture_in_order(make_vae, tmp_path: Path) -> None:
    labels = np.arange(24, dtype=np.int64) % 10
    found = draw(make_vae, tmp_path / "figures", labels=labels, rows=ROWS, latents=2, mixture=True)
    names = [*ALWAYS, "learning_curves", "manifold", "latent_scatter"]
    assert [path.name for path in found.paths] == [f"{name}.png" for name in names]
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {path.name for path in found.paths}
    for path in found.paths:
        with Image.open(path) as image:
            assert image.width >= 600
    assert found.overlap_classes == (4, 9)
    assert found.overlap is not None
    assert 0 <= found.overlap <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"recipe": "hierarchical_vae"},
        {"shape": (3, 6, 5), "levels": None},
        {"shape": (4, 5, 6), "levels": None, "posterior": "full_covariance"},
        {"shape": (7,), "levels": None, "mixture": True},
        {"n": 1},
    ],
    ids=["hierarchy", "colour", "transparent", "vectors", "one example"],
)
def test_every_kind_of_model_and_data_can_be_drawn(make_vae, tmp_path: Path, options) -> None:
    found = draw(make_vae, tmp_path, **options)
    assert [path.stem for path in found.paths] == [
        n for n in ALWAYS if options != {"n": 1} or n != "interpolation"
    ]
    assert found.overlap is None


def test_the_same_model_gives_the_same_files(make_vae, tmp_path: Path) -> None:
    first, second = (draw(make_vae, tmp_path / name) for name in "ab")
    for a, b in zip(first.paths, second.paths, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_other_labels_name_the_pair_that_overlaps_most(make_vae, tmp_path: Path) -> None:
    found = draw(make_vae, tmp_path, labels=np.arange(24, dtype=np.int64) % 3, latents=2)
    assert found.overlap_classes in {(0, 1), (0, 2), (1, 2)}


def test_labels_of_another_length_are_refused(make_vae, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="24 examples have 5 labels"):
        draw(make_vae, tmp_path, labels=np.zeros(5, np.int64))
