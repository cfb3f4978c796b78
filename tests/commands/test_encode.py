"""Codes of pictures keep what their source says of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit import train

COUNT = 20


@pytest.fixture
def classes(tmp_path: Path, pictures: Callable[..., np.ndarray]) -> Path:
    for number, values in enumerate(pictures(COUNT, 12, 12, 3)):
        place = tmp_path / "pets" / ("dogs" if number % 2 else "cats")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(place / f"{number}.png")
    return tmp_path / "pets"


@pytest.fixture
def celeba(tmp_path: Path, pictures: Callable[..., np.ndarray]) -> Path:
    """Number n smiles where n is odd, and is young where 3 divides n."""
    root = tmp_path / "celeba"
    (root / "img_align_celeba").mkdir(parents=True)
    rows = ["image_id,Smiling,Young"]
    for number, values in enumerate(pictures(COUNT, 22, 18, 3)):
        Image.fromarray(values).save(root / "img_align_celeba" / f"{number}.png")
        rows.append(f"{number}.png,{1 if number % 2 else -1},{-1 if number % 3 else 1}")
    (root / "list_attr_celeba.csv").write_text("\n".join(rows))
    return root


def test_classes_and_attributes_travel_along(
    tmp_path: Path, vaekit: Callable, classes: Path, celeba: Path
) -> None:
    run, tiny = tmp_path / "run", {"net": "mlp", "hidden": (8,), "latents": 2, "image_size": 8}
    train(classes, **tiny, epochs=1, prior="standard", out=run, quiet=True)
    written: dict[str, dict[str, np.ndarray]] = {}
    for source in (classes, celeba):
        answer = vaekit("encode", run, source, "-o", tmp_path / "codes.npz")
        assert answer.code == 0, answer.error
        with np.load(tmp_path / "codes.npz", allow_pickle=False) as codes:
            written[source.name] = dict(codes)
    pets, faces = written["pets"], written["celeba"]
    assert len(pets["file"]) == len(faces["file"]) == COUNT
    assert all(
        f"{pets['label_names'][k]}/" in name for k, name in zip(pets["label"], pets["file"], strict=True)
    )
    assert not {"attributes", "attribute_names"} & set(pets)
    assert faces["attribute_names"].tolist() == ["Smiling", "Young"]
    number = np.array([int(name.split(".")[0]) for name in faces["file"]])
    np.testing.assert_array_equal(faces["attributes"], np.stack([number % 2, number % 3 == 0], 1))
    assert "label_names" not in faces
    assert (faces["label"] == -1).all()
