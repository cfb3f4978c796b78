"""The page on photographs: every training on it is understood, and what it says to do with a model works."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit.cli import main
from vaekit.commands import INTERRUPTED
from vaekit.training.config import RunConfig
from vaekit.training.interrupt import Interrupted

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "photographs.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line) for line in re.findall(r"^    vaekit (.*)$", PAGE, re.MULTILINE)]
TRAININGS = [words for words in COMMANDS if words[0] == "train"]
USES = [words for words in COMMANDS if words[0] != "train"]
TINY = ("--net", "mlp", "--hidden", "8", "--latents", "2", "--epochs", "1", "--prior", "standard")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 180 bright or dark pictures of two classes in photos/, and me.jpg."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(180):
        place = tmp_path / "photos" / ("dogs" if number % 2 else "cats")
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(100 * (number % 2), 156 + 100 * (number % 2), (16, 16, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    Image.new("RGB", (40, 30), (200, 10, 90)).save(tmp_path / "me.jpg")
    return tmp_path


@pytest.mark.parametrize("words", TRAININGS, ids=" ".join)
def test_every_training_is_understood(
    words: list[str], here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found: list[object] = []

    def instead(config: object, *_: object) -> None:
        found.append(config)
        raise Interrupted("nothing")

    if "--resume" in words:
        # How many devices it had is read before anything is done.
        (here / "runs" / "long").mkdir(parents=True)
        (here / "runs" / "long" / "config.yaml").write_text("data: photos\n")
    monkeypatch.setattr("vaekit.training.run.start", instead)
    monkeypatch.setattr("vaekit.training.run.resume", instead)
    assert main(words) == INTERRUPTED, capsys.readouterr().err
    (config,) = found
    if "--resume" in words:
        assert config == Path("runs/long")
    else:
        assert isinstance(config, RunConfig)
        local = words[1] == "photos"
        assert config.recipe == ("photo_vae" if local or "--recipe" in words else "vae")


def test_a_model_is_used_as_the_page_says(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAININGS[0], *TINY]) == 0, capsys.readouterr().err
    for words in USES:
        assert main(words) == 0, capsys.readouterr().err
    outputs = {words[words.index("-o") + 1] for words in USES if "-o" in words}
    assert len(outputs) == 5
    assert all((here / name).is_file() for name in outputs)
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "photographs.md", "exec"), names)
    assert getattr(names["pictures"], "shape", None) == (8, 3, 16, 16)
