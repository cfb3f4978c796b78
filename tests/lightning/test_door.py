"""The door itself: what it says where Lightning is missing, and what importing vaekit does not import."""

import subprocess
import sys

import pytest

import vaekit.lightning
from vaekit.errors import UserError


def test_where_lightning_is_missing_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "vaekit.lightning.modern", raising=False)
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(UserError, match=r'Lightning is not installed: pip install "vaekit\[lightning\]"'):
        _ = vaekit.lightning.VAEModule


def test_the_door_knows_its_names() -> None:
    assert dir(vaekit.lightning) == ["VAEDataModule", "VAEModule"]
    with pytest.raises(AttributeError, match="has no attribute 'VAE'"):
        _ = vaekit.lightning.VAE


def test_the_door_alone_imports_nothing_heavy() -> None:
    code = "import sys, vaekit.lightning; print(*{'torch', 'lightning', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
