"""vaekit data: what a person is told of a source or a pack."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import refused


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(vaekit: Callable, *arguments: object) -> str:
    outcome = vaekit("data", *arguments)
    assert outcome.code == 0, outcome.error
    return outcome.out


def classes(folder: Path, discs: Callable[..., np.ndarray], count: int = 30) -> Path:
    for number, values in enumerate(discs(count, 20, 16, 3)):
        path = folder / ("cats", "dogs")[number % 2] / f"{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values[: 20 - number % 3]).save(path)
    return folder


def test_a_folder_of_pictures(here: Path, vaekit: Callable, pictures: Callable) -> None:
    folder = classes(here / "pets", pictures)
    (folder / "cats" / "bad.png").write_text("no picture")
    out = told(vaekit, "pets", "--image_size", 8)
    for words in (
        "pets: pictures,",
        "25 train, 3 validation, 3 test",
        "16 to 16 wide, 18 to 20 high",
        "in colour",
        "unreadable   1 have no header",
        "3×8×8, cut: square",
        "classes      cats 16, dogs 15",
        "contact sheet: pets-contact-sheet.png",
    ):
        assert words in out
    assert (here / "pets-contact-sheet.png").is_file()
    assert sorted(path.name for path in here.iterdir()) == ["pets", "pets-contact-sheet.png"]


def test_attributes(here: Path, vaekit: Callable, pictures: Callable) -> None:
    images = here / "faces" / "img_align_celeba"
    images.mkdir(parents=True)
    rows = ["image_id,Smiling,Hat"]
    for number, values in enumerate(pictures(10, 109, 89, 3)):
        Image.fromarray(values).save(images / f"{number}.jpg")
        rows.append(f"{number}.jpg,{1 if number % 2 else -1},-1")
    (here / "faces" / "list_attr_celeba.csv").write_text("\n".join(rows))
    out = told(vaekit, "faces")
    assert "faces: CelebA" in out
    assert "attributes   Smiling 50%, Hat 0%" in out
    assert "all 89×109, in colour" in out
    assert vaekit("pack", "faces", "-o", "pack").code == 0
    assert "attributes   Smiling 50%, Hat 0%" in told(vaekit, "pack")


def test_a_pack_and_its_source(here: Path, vaekit: Callable, pictures: Callable) -> None:
    folder = classes(here / "pets", pictures)
    assert vaekit("pack", "pets", "-o", "pack", "--shards", 2).code == 0
    out = told(vaekit, "pack", "--verify", "-o", "sheet.png")
    for words in (
        f"pets: a pack of pictures, {here / 'pack'}",
        "24 train, 3 validation, 3 test",
        "cats 15, dogs 15",
        "shards       2; validation and test also in held-out.npy",
        f"{folder}: unchanged",
        "values, labels and attributes are as they were packed",
        "contact sheet: sheet.png",
    ):
        assert words in out
    assert (here / "sheet.png").is_file()
    Image.new("RGB", (16, 20)).save(folder / "cats" / "new.png")
    os.utime(folder / "cats" / "000000.png", (1, 1))
    (folder / "dogs" / "000001.png").unlink()
    assert "changed: 1 new, 1 gone, 1 altered" in told(vaekit, "pack")
    shutil.rmtree(folder)
    assert f"{folder}: gone" in told(vaekit, "pack")
    with (here / "pack" / "values-00001-of-00002.npy").open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"spoil")
    told(vaekit, "pack")
    refused(vaekit("data", "pack", "--verify"), "pack is damaged", "pack the data again")
    (here / "pack" / "values-00001-of-00002.npy").unlink()
    refused(vaekit("data", "pack"), "values-00001-of-00002.npy is missing")


def test_other_data(here: Path, vaekit: Callable) -> None:
    out = told(vaekit, "digits")
    assert "1,437 train, 180 validation, 180 test" in out
    assert "1×8×8, 17 levels, stored as uint8" in out
    assert "0 178, 1 182" in out
    assert (here / "digits-contact-sheet.png").is_file()
    np.save(here / "table.npy", np.random.default_rng(0).normal(size=(50, 7)))
    out = told(vaekit, "table.npy")
    assert "7, floats, stored as float32" in out
    assert "contact sheet" not in out
    assert vaekit("pack", "table.npy", "-o", "pack").code == 0
    assert "table.npy: unchanged" in told(vaekit, "pack", "--verify")
    np.save(here / "table.npy", np.random.default_rng(1).normal(size=(50, 7)))
    assert "table.npy: changed" in told(vaekit, "pack")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], ["nowhere"]),
        (["digits", "-o", "sheet.jpg"], ["sheet.jpg", ".png"]),
        (["digits", "-o", "no/where/sheet.png"], ["could not write"]),
        (["digits", "--verify"], ["--verify", "packs"]),
        (["pets", "--verify"], ["--verify", "packs"]),
        (["empty"], ["empty"]),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], words: list[str], here: Path, vaekit: Callable, pictures: Callable
) -> None:
    (here / "empty").mkdir()
    classes(here / "pets", pictures, 4)
    refused(vaekit("data", *arguments), *words)
    assert sorted(path.name for path in here.iterdir()) == ["empty", "pets"]
