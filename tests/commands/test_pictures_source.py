"""Photographs through the public command: trained, used and refused as people meet it."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.support import refused
from vaekit.data.packs import cache as cache_module


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(folder: Path, discs: Callable[..., np.ndarray], count: int = 30, *shape: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, values in enumerate(discs(count, *(shape or (20, 16, 3)))):
        Image.fromarray(values).save(folder / f"{number:06}.png")
    return folder


def celeba(root: Path, discs: Callable[..., np.ndarray], count: int = 12) -> Path:
    for number, values in enumerate(discs(count, 109, 89, 3)):
        path = root / "img_align_celeba" / "img_align_celeba" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
    names = [f"{number:06}.jpg" for number in range(count)]
    parts = [f"{name},{max(0, number - count + 3)}" for number, name in enumerate(names)]
    (root / "list_eval_partition.csv").write_text("\n".join(["image_id,partition", *parts]))
    signs = [f"{name},{1 if number % 2 else -1}" for number, name in enumerate(names)]
    (root / "list_attr_celeba.csv").write_text("\n".join(["image_id,Smiling", *signs]))
    return root


SMALL = ("--net", "mlp", "--hidden", "8", "--latents", 2, "--epochs", 1)


def train(vaekit: Callable, *arguments: object) -> str:
    outcome = vaekit("train", *arguments, *SMALL)
    assert outcome.code == 0, outcome.error
    return outcome.out


def test_a_folder_is_trained_and_its_unreadable_files_are_listed(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable
) -> None:
    folder, run = drawn(tmp_path / "discs", pictures), tmp_path / "run"
    (folder / "bad.png").write_text("no picture")
    out = train(vaekit, folder, "--out", run)
    assert "discs: 24 train, 3 validation, 3 test examples of 3×20×16, 256 levels" in out
    assert "1 of 31 pictures cannot be read and are left out: bad.png" in out
    assert "listed in unreadable.csv" in out
    with (run / "unreadable.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["path", "reason"]
    assert [row[0] for row in rows[1:]] == [str(folder / "bad.png")]
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["data"] == str(folder.resolve())
    assert [config[name] for name in ("crop", "image_size", "channels", "flip")] == [
        "aspect",
        [20, 16],
        3,
        True,
    ]
    outcome = vaekit("train", "--resume", run)
    assert outcome.code == 0, outcome.error
    assert "is finished" in outcome.out
    train(vaekit, "--config", run / "config.yaml", "--out", tmp_path / "again")
    assert len(list(cache.iterdir())) == 1


def test_two_folders_options_and_single_pictures(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is typed reaches the run; a picture given later is cut as those of the run were."""
    a, b, run = celeba(tmp_path / "a", pictures), celeba(tmp_path / "b", pictures), tmp_path / "run"
    out = train(vaekit, a, b, "--image_size", 16, "--flip", "false", "--channels", 1, "--out", run)
    assert "a + b: 20 train, 2 validation, 2 test examples of 1×16×16" in out
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["data"] == f"{a.resolve()} + {b.resolve()}"
    assert [config[name] for name in ("crop", "image_size", "channels", "flip")] == [
        "celeba",
        [16, 16],
        1,
        False,
    ]
    monkeypatch.chdir(tmp_path)
    from vaekit.commands.examples import named_examples
    from vaekit.training.run import load_run

    loaded = load_run(run)
    names = loaded.data().test.names or ()
    assert names == ("a/000011.jpg", "b/000011.jpg")
    image = a / "img_align_celeba" / "img_align_celeba" / "000011.jpg"
    x = named_examples(loaded, [str(image), "0"])
    np.testing.assert_array_equal(x[0], x[1])
    for command in (["reconstruct", run, image], ["interpolate", run, image, 0], ["evaluate", run]):
        assert vaekit(*command).code == 0
    # Other pictures, of another size and in colour, are brought to what the model takes.
    other = drawn(tmp_path / "other", pictures)
    outcome = vaekit("encode", run, other, "-o", tmp_path / "codes.npz")
    assert outcome.code == 0, outcome.error
    with np.load(tmp_path / "codes.npz") as codes:
        assert codes["mean"].shape == (30, 2)
        assert sorted(codes["file"]) == [f"{number:06}.png" for number in range(30)]


@pytest.mark.parametrize(
    ("typed", "shape"),
    [
        (["--image_size", "24", "16"], "3×24×16"),
        (["--image_size=24,16"], "3×24×16"),
        (["--image_size", "12", "--crop", "none"], "3×12×12"),
        (["--crop", "15"], "3×15×15"),
    ],
)
def test_sizes_as_people_type_them(
    typed: list[str], shape: str, tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable
) -> None:
    folder = drawn(tmp_path / "discs", pictures)
    assert f"examples of {shape}," in train(vaekit, *typed, folder, "--out", tmp_path / "run")


def absent(root: Path) -> None:
    next(root.rglob("000002.jpg")).unlink()


def shorter(root: Path) -> None:
    table = root / "list_attr_celeba.csv"
    table.write_text(table.read_text().rsplit("\n", 1)[0])


def hostile(root: Path) -> None:
    for path in root.rglob("*.jpg"):
        path.write_text("no picture")


def without_pictures(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    (root / "notes.txt").touch()


def nothing(root: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "arguments", "words"),
    [
        (absent, [], ["names 1 images that are absent", "000002.jpg"]),
        (shorter, [], ["list_attr_celeba.csv", "11 images", "12 are listed"]),
        (hostile, [], ["none of", "can be read"]),
        (without_pictures, [], ["no pictures", "notes.txt"]),
        (nothing, ["--crop", "100"], ["89×109", "100×100", "--crop"]),
        (nothing, ["--crop", "celebs"], ["--crop", "did you mean celeba?"]),
        (nothing, ["--image_size", "0"], ["--image_size"]),
        (nothing, ["--image_size", "a"], ["--image_size"]),
        (nothing, ["--flip", "maybe"], ["--flip"]),
        (nothing, ["--unreadable", "2"], ["--unreadable"]),
        (nothing, ["--levels", "17"], ["256"]),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    spoil: Callable[[Path], None],
    arguments: list[str],
    words: list[str],
    tmp_path: Path,
    cache: Path,
    vaekit: Callable,
    pictures: Callable,
) -> None:
    root = celeba(tmp_path / "faces", pictures)
    spoil(root)
    refused(vaekit("train", root, *arguments, "--out", tmp_path / "run"), *words)
    assert not (tmp_path / "run").exists()
    assert not cache.exists() or list(cache.iterdir()) == []


def test_no_room_for_the_cache(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drawn(tmp_path / "discs", pictures)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda path: usage._replace(free=1234))
    needed = f"{128 + 30 * 3 * 20 * 16:,}"
    refused(vaekit("train", folder, "--out", tmp_path / "run"), needed, "1,234", "VAEKIT_CACHE")
    assert not (tmp_path / "run").exists()
    assert list(cache.iterdir()) == []


def test_too_many_unreadable_files(tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable) -> None:
    folder = drawn(tmp_path / "discs", pictures)
    for number in range(5):
        (folder / f"bad{number}.png").write_text("no picture")
    refused(vaekit("train", folder, "--out", tmp_path / "run"), "5 of 35", "--unreadable 0.1", "bad")
    train(vaekit, folder, "--unreadable", 0.2, "--out", tmp_path / "run")


@pytest.mark.parametrize(
    "sources", [["DISCS", "digits"], ["digits", "DISCS"], ["DISCS", "nowhere"], ["DISCS", "DISCS"]]
)
def test_only_different_folders_of_pictures_go_together(
    sources: list[str], tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable
) -> None:
    folder = str(drawn(tmp_path / "discs", pictures, 3))
    named = [folder if source == "DISCS" else source for source in sources]
    refused(vaekit("train", *named, "--out", tmp_path / "run"), *(sorted(set(sources) - {"DISCS"})))
    assert not (tmp_path / "run").exists()


def recipe_of(run: Path) -> str:
    return yaml.safe_load((run / "config.yaml").read_text())["recipe"]


@pytest.mark.parametrize("order", ["options first", "data first"])
def test_pictures_get_the_default_for_photographs(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable, order: str
) -> None:
    """Its own options are understood without naming the recipe; a recipe that is named is taken."""
    folder = drawn(tmp_path / "discs", pictures)
    own, tiny = ["--whitening", 0.25], ["--size", "tiny", "--latents", 2, "--epochs", 1]
    words = [*own, *tiny, folder] if order == "options first" else [folder, *own, *tiny]
    assert vaekit("train", *words, "--out", tmp_path / "run").code == 0
    assert recipe_of(tmp_path / "run") == "photo_vae"
    named = vaekit("train", folder, "--recipe", "vae", *tiny, "--out", tmp_path / "named")
    assert named.code == 0
    assert recipe_of(tmp_path / "named") == "vae"
    refused = vaekit("train", "digits", *own, *tiny, "--out", tmp_path / "digits")
    assert refused.code == 2
    assert "no option --whitening" in refused.error


def test_from_python_pictures_get_the_default_for_photographs(
    tmp_path: Path, cache: Path, pictures: Callable
) -> None:
    import vaekit

    folder = drawn(tmp_path / "discs", pictures)
    run = vaekit.train(folder, size="tiny", latents=2, epochs=1, out=tmp_path / "run", quiet=True)
    assert run.config.recipe == "photo_vae"
    found = vaekit.evaluate(run, sigma="solved", importance_samples=2)
    assert found.value("-ELBO", "mass", "bits/dim") > 0


def test_a_model_is_scored_with_sigma_solved(
    tmp_path: Path, cache: Path, vaekit: Callable, pictures: Callable
) -> None:
    folder = drawn(tmp_path / "discs", pictures)
    tiny = ["--size", "tiny", "--latents", 2, "--epochs", 1, "--out", tmp_path / "run"]
    assert vaekit("train", folder, "--recipe", "mse_vae", "--weight", 0.01, *tiny).code == 0
    own = vaekit("evaluate", tmp_path / "run", "--importance_samples", 2)
    solved = vaekit("evaluate", tmp_path / "run", "--importance_samples", 2, "--sigma", "solved")
    assert own.code == solved.code == 0
    assert (tmp_path / "run" / "evaluation-sigma-solved.json").is_file()
    bits = [float(out.split("bits/dim")[0].split()[-1]) for out in (own.out, solved.out)]
    assert bits[1] < bits[0] - 1
    refused = vaekit("evaluate", tmp_path / "run", "--sigma", "sloved")
    assert refused.code == 2
    assert "did you mean solved" in refused.error
