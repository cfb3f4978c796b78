import errno
import fcntl
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vaekit.data import cache as module
from vaekit.data.cache import PIXELS, RECORD, Decoded, Facts, building, cache_root, install, open_entry
from vaekit.data.listing import Entry
from vaekit.data.transform import Transform
from vaekit.errors import UserError

ROWS = tuple(Entry(f"{number}.png", Path(f"/x/{number}.png"), (9, number)) for number in range(3))
FACTS = Facts("My Faces", "/x", ROWS, Transform("square", (2, 3), 3))
PIXEL = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
BAD = (("1.png", "cut short"),)


def build(root: Path, facts: Facts = FACTS) -> Path:
    target = root / facts.key
    with building(root, facts) as (temporary, writer):
        writer.add("0.png", PIXEL)
        writer.add("2.png", PIXEL + 100)
        install(temporary, facts, writer, BAD, target)
    return target


def opened(folder: Path) -> Decoded:
    decoded = open_entry(folder, FACTS)
    assert decoded is not None
    return decoded


def test_what_is_built_can_be_opened(tmp_path: Path) -> None:
    folder = build(tmp_path / "a" / "b")
    decoded = opened(folder)
    np.testing.assert_array_equal(decoded.values, np.stack([PIXEL, PIXEL + 100]))
    assert (decoded.names, decoded.unreadable) == (("0.png", "2.png"), BAD)
    assert sorted(path.name for path in folder.iterdir()) == [PIXELS, RECORD]
    assert folder.name.startswith("My-Faces-")
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_the_array_is_an_ordinary_file_of_numpy(tmp_path: Path) -> None:
    folder = build(tmp_path)
    np.testing.assert_array_equal(np.load(folder / PIXELS), opened(folder).values)
    assert json.loads((folder / RECORD).read_text())["names"] == ["0.png", "2.png"]


def test_the_array_is_mapped_and_torch_takes_it_without_a_copy(tmp_path: Path) -> None:
    folder = build(tmp_path)
    values = opened(folder).values
    tensor = torch.as_tensor(values[1:])
    assert tensor.data_ptr() == values[1:].ctypes.data
    tensor[:] = 0  # stays private
    assert opened(folder).values[1].any()


def test_any_change_is_another_entry() -> None:
    changed = [
        replace(FACTS, place="/y"),
        replace(FACTS, rows=ROWS[:2]),
        replace(FACTS, rows=ROWS[::-1]),
        replace(FACTS, rows=(replace(ROWS[0], stamp=(8, 0)), *ROWS[1:])),
        replace(FACTS, rows=(replace(ROWS[0], stamp=(9, 1)), *ROWS[1:])),
        replace(FACTS, rows=(replace(ROWS[0], name="0.jpg"), *ROWS[1:])),
        replace(FACTS, rows=(replace(ROWS[0], split="test"), *ROWS[1:])),
        *(replace(FACTS, transform=replace(FACTS.transform, **{name: value})) for name, value in (
            ("crop", "none"), ("size", (3, 2)), ("channels", 1)
        )),
    ]  # fmt: skip
    assert len({facts.key for facts in [FACTS, *changed]}) == len(changed) + 1
    assert replace(FACTS).key == FACTS.key


def test_names_of_any_kind(tmp_path: Path) -> None:
    odd = Entry("\udcff\n.png", Path("/x"), (1,))
    facts = replace(FACTS, name="…", rows=(ROWS[0], odd))
    assert facts.key.startswith("pictures-")
    with building(tmp_path, facts) as (temporary, writer):
        writer.add("0.png", PIXEL)
        writer.add(odd.name, PIXEL)
        install(temporary, facts, writer, (), tmp_path / facts.key)
    decoded = open_entry(tmp_path / facts.key, facts)
    assert decoded is not None
    assert decoded.names[1] == odd.name


DAMAGES = {
    "cut": lambda folder: os.truncate(folder / PIXELS, 150),
    "longer": lambda folder: os.truncate(folder / PIXELS, 128 + 2 * 18 + 1),
    "no pixels": lambda folder: (folder / PIXELS).unlink(),
    "no record": lambda folder: (folder / RECORD).unlink(),
    "garbled record": lambda folder: (folder / RECORD).write_bytes(b"{\xff"),
    "half a record": lambda folder: (folder / RECORD).write_text("[]"),
    "other names": lambda folder: (folder / RECORD).write_text('{"names": ["0.png"], "unreadable": []}'),
    "other header": lambda folder: (folder / PIXELS).write_bytes(bytes(128 + 2 * 18)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_told_and_replaced(damage: str, tmp_path: Path) -> None:
    folder = build(tmp_path)
    DAMAGES[damage](folder)
    assert open_entry(folder, FACTS) is None
    build(tmp_path)
    assert opened(folder).names == ("0.png", "2.png")
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_two_that_build_the_same_entry_do_not_disturb_each_other(tmp_path: Path) -> None:
    with building(tmp_path, FACTS) as (slow, writer):
        writer.add("0.png", PIXEL)
        target = build(tmp_path)  # the other, meanwhile
        values = opened(target).values
        writer.add("2.png", PIXEL + 100)
        install(slow, FACTS, writer, BAD, target)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    np.testing.assert_array_equal(values, opened(target).values)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, UserError])
def test_an_interrupted_build_leaves_nothing_behind(error: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(error), building(tmp_path, FACTS):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    dead, alive = tmp_path / ".building-dead", tmp_path / ".building-alive"
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "lock").touch()
    with (alive / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(tmp_path)
    assert not dead.exists()
    assert alive.exists()


def test_too_little_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage._replace(free=100))
    needed = 128 + 3 * 18
    with pytest.raises(UserError, match=f"needs {needed} bytes in .*, where 100 are free: .* VAEKIT_CACHE"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, r"needs 182 bytes in"),
        (errno.EACCES, r"cannot write the cache .*: Permission denied; set"),
    ],
)
def test_a_disk_that_fails_halfway_is_told(
    code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(UserError, match=message):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write the cache .*; set VAEKIT_CACHE"):
        build(tmp_path / "file")


def test_a_reader_that_leaves_is_no_fault_of_the_cache(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), building(tmp_path, FACTS):
        raise BrokenPipeError


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("VAEKIT_CACHE", "~/own")
    assert cache_root() == Path("/home/me/own")
    monkeypatch.delenv("VAEKIT_CACHE")
    assert cache_root() == Path("/home/me/.cache/vaekit")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_root() == Path("/xdg/vaekit")
