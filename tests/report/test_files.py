from pathlib import Path

import pytest
from PIL import Image

from vaekit.errors import UserError
from vaekit.report.files import save_png

PICTURE = Image.new("RGB", (4, 3), "#123456")


def test_a_picture_comes_back_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "a.png"
    save_png(PICTURE, path)
    with Image.open(path) as found:
        assert found.tobytes() == PICTURE.tobytes()
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"\.png"):
        save_png(PICTURE, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_folders_above_the_parent_are_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not write"):
        save_png(PICTURE, tmp_path / "not" / "there" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(UserError, match="could not write"):
        save_png(PICTURE, tmp_path / "file" / "a.png")


def test_a_failure_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    save_png(PICTURE, path)
    before = path.read_bytes()

    def fail(self: Image.Image, target: Path, format: str) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(UserError, match="No space left"):
        save_png(Image.new("RGB", (1, 1)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
