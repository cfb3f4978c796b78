"""Events, read back by TensorBoard's own reader."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit.errors import UserError
from vaekit.training.tensorboard import Events, check_installed

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    events = accumulators.EventAccumulator(str(folder)).Reload()
    return {
        tag: {event.step: event.value for event in events.Scalars(tag)} for tag in events.Tags()["scalars"]
    }


def row(value: float) -> dict[str, float]:
    return {"epoch": 1, "step": 5, "seconds": 0.5, "lr": value, "train_nll": 2.0, "validation_kl": value}


def test_a_row_becomes_scalars_in_groups(tmp_path: Path) -> None:
    events = Events(tmp_path / "events", 0)
    events.scalars(row(0.25), 5)
    # Whoever watches a run sees a row when it is there, not when the run ends.
    expected = {"lr": {5: 0.25}, "train/nll": {5: 2.0}, "validation/kl": {5: 0.25}}
    assert scalars(tmp_path / "events") == expected
    events.close()


def test_what_lies_after_the_step_resumed_from_is_not_shown(tmp_path: Path) -> None:
    first = Events(tmp_path, 0)
    for step in (5, 10, 15):
        first.scalars(row(1.0), step)
    first.close()
    Events(tmp_path, 10).close()
    assert scalars(tmp_path)["lr"] == {5: 1.0, 10: 1.0}
    second = Events(tmp_path, 10)
    second.scalars(row(2.0), 15)
    second.close()
    assert scalars(tmp_path)["lr"] == {5: 1.0, 10: 1.0, 15: 2.0}


def test_the_file_of_a_later_sitting_has_a_later_name(tmp_path: Path) -> None:
    """Names end in a counter that does not sort as a number, so the seconds they begin with must differ."""
    seconds = []
    for _ in range(2):
        before = {file.name for file in tmp_path.iterdir()}
        Events(tmp_path, 0).close()
        (name,) = {file.name for file in tmp_path.iterdir()} - before
        seconds.append(int(name.split(".")[3]))
    assert seconds[1] > seconds[0]
    (tmp_path / "events.out.tfevents.9999999999.host.1.0").touch()
    Events(tmp_path, 0).close()


def test_pictures_are_kept_as_they_are(tmp_path: Path) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8))
    events = Events(tmp_path, 0)
    events.image("samples", picture, 5)
    events.close()
    (found,) = accumulators.EventAccumulator(str(tmp_path)).Reload().Images("samples")
    assert (found.step, found.width, found.height) == (5, 7, 5)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed()
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r'pip install "vaekit\[tensorboard\]"'):
        check_installed()
