import shutil
import sys
from pathlib import Path

import pytest

from vaekit.errors import UserError
from vaekit.training.folder import RunFolder, existing_folder, new_folder, program


def test_numbers_go_up_and_never_fill_gaps(tmp_path: Path) -> None:
    assert new_folder(tmp_path, "digits", "vae").path.name == "digits-vae-001"
    for name in ("digits-vae-001", "digits-vae-007", "digits-vae-x", "digits-vae-009-old", "digits-iwae-020"):
        (tmp_path / name).mkdir()
    assert new_folder(tmp_path, "digits", "vae").path.name == "digits-vae-008"
    (tmp_path / "digits-vae-1234").mkdir()
    assert new_folder(tmp_path, "digits", "vae").path.name == "digits-vae-1235"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("My Data!", "my-data-vae-001"),
        ("a.b_c", "a-b-c-vae-001"),
        ("[*?]", "data-vae-001"),
        ("é", "data-vae-001"),
    ],
)
def test_names_are_safe(data: str, expected: str, tmp_path: Path) -> None:
    assert new_folder(tmp_path, data, "vae").path.name == expected


def test_a_new_folder_has_room_for_everything(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    folder.check_free()
    folder.create()
    for path in (folder.config, folder.model, folder.best, folder.last, folder.metrics, folder.evaluation):
        path.write_text("x")
    assert folder.figures.is_dir()


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    RunFolder(tmp_path).create()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "figures"]


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_exists_is_never_overwritten(what: str, tmp_path: Path) -> None:
    path = tmp_path / "run"
    if what == "folder":
        path.mkdir()
        (path / "mine").write_text("mine")
    else:
        path.write_text("mine")
    with pytest.raises(UserError, match="exists already: choose another --out, or go on with --resume"):
        RunFolder(path).create()
    assert (path / "mine" if what == "folder" else path).read_text() == "mine"


def test_a_place_where_nothing_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"cannot make the run folder .*: Not a directory"):
        RunFolder(tmp_path / "file" / "run").create()


def test_a_folder_without_a_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a run folder: it has no config\.yaml"):
        existing_folder(tmp_path)
    (tmp_path / "config.yaml").write_text("data: digits")
    assert existing_folder(tmp_path).path == tmp_path


def test_the_command_is_named_as_it_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/vaekit", "train"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert program() == ".venv/bin/vaekit"
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/vaekit")
    assert program() == "vaekit"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert program() == "vaekit"
