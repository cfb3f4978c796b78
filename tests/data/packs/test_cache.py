import shutil
from pathlib import Path

import pytest

from vaekit.data.packs.cache import cache_root, free_bytes


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("VAEKIT_CACHE", "~/own")
    assert cache_root() == Path("/home/me/own")
    monkeypatch.delenv("VAEKIT_CACHE")
    assert cache_root() == Path("/home/me/.cache/vaekit")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_root() == Path("/xdg/vaekit")


def test_room_is_that_of_the_disk(tmp_path: Path) -> None:
    assert 0 < free_bytes(tmp_path) <= shutil.disk_usage(tmp_path).total
