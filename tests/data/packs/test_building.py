import errno
import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vaekit.data.packs import building as module
from vaekit.data.packs.building import JOURNAL, Build, Plan, ResumableError, building, install
from vaekit.data.packs.locking import locked
from vaekit.errors import UserError

PLAN = Plan(9, (3,), np.dtype(np.uint8), 0, 0, "tag", "examples", "go elsewhere")
ROWS = np.arange(24, dtype=np.uint8).reshape(8, 3)
IGNORED = lambda line: None  # noqa: E731


def append(build: Build) -> None:
    build.append(ROWS[:3], [(3, "cut short")])
    build.append(ROWS[3:])


def interrupted(target: Path, plan: Plan) -> Path:
    with suppress(KeyboardInterrupt), building(target, plan) as build:
        build.append(ROWS[:3], [(3, "cut short")])
        build.append(ROWS[3:5])
        raise KeyboardInterrupt
    return build.folder


def failing(target: Path, error: BaseException, rows: np.ndarray | None = None) -> None:
    with building(target, PLAN) as build:
        if rows is None:
            append(build)
        else:
            build.append(rows)
        raise error


@pytest.fixture(autouse=True)
def _every_row_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_ENTRIES", 0.0)


@pytest.mark.parametrize("shards", [0, 1, 3])
def test_rows_become_ordinary_files(shards: int, tmp_path: Path) -> None:
    plan = replace(PLAN, shards=shards)
    with building(tmp_path / "pack", plan) as build:
        append(build)
        build.finish()
        install(build.folder, tmp_path / "pack")
    assert (build.done, build.rows, build.bad) == (9, 8, [(3, "cut short")])
    found = [np.load(path) for path in sorted((tmp_path / "pack").iterdir())]
    assert len(found) == max(1, shards)
    for shard, rows in enumerate(found):
        np.testing.assert_array_equal(rows, ROWS[shard :: max(1, shards)])
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


@pytest.mark.parametrize("shards", [0, 3])
@pytest.mark.parametrize("loss", ["nothing", "half a row", "half a line", "the last rows", "journal"])
def test_an_interrupted_build_goes_on(loss: str, shards: int, tmp_path: Path) -> None:
    plan = replace(PLAN, shards=shards)
    target = tmp_path / "pack"
    folder = interrupted(target, plan)
    last = sorted(folder.glob("values*"))[-1]
    done = 6
    if loss == "half a row":
        with last.open("ab") as file:
            file.write(b"x")
    elif loss == "half a line":
        with (folder / JOURNAL).open("ab") as file:
            file.write(b"[8, [")
    elif loss == "the last rows":
        for path in folder.glob("values*"):
            os.truncate(path, 128 + 3 * (1 if shards else 3))
        done = 4
    elif loss == "journal":
        (folder / JOURNAL).unlink()
        done = 0
    with building(target, plan) as build:
        assert build.done == done
        if done == 0:
            append(build)
        else:
            build.append(ROWS[build.rows :])
        build.finish()
        install(build.folder, target)
    for shard, path in enumerate(sorted(target.iterdir())):
        np.testing.assert_array_equal(np.load(path), ROWS[shard :: max(1, shards)])


@pytest.mark.parametrize("error", [UserError, OSError])
def test_what_a_person_must_mend_leaves_nothing_behind(error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(UserError):
        failing(tmp_path / "pack", error())
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(
        UserError, match=r"9 examples need 155 bytes in .*, where 100 are free: .* go elsewhere"
    ):
        failing(tmp_path / "pack", AssertionError())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [(errno.ENOSPC, "need 155 bytes"), (errno.EACCES, "cannot write .*: Permission denied")],
)
def test_a_disk_that_fails_halfway_is_told(
    code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "pack").mkdir()
    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(UserError, match=message), building(tmp_path / "pack", PLAN) as build:
        append(build)
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_reader_that_leaves_is_no_fault_of_the_build(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError):
        failing(tmp_path / "pack", BrokenPipeError())


def test_a_place_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lock = locked(tmp_path / "file" / "pack", PLAN, IGNORED)
    with pytest.raises(UserError, match=r"cannot write .*; go elsewhere"):
        lock.__enter__()


def test_a_second_process_waits_and_finds_the_finished_one(tmp_path: Path) -> None:
    target, lines, seen = tmp_path / "pack", [], []

    def second() -> None:
        with locked(target, PLAN, lines.append):
            seen.append(target.is_dir())

    with locked(target, PLAN, IGNORED):
        thread = threading.Thread(target=second)
        thread.start()
        while not lines:
            time.sleep(0.001)
        with building(target, PLAN) as build:
            append(build)
            build.finish()
            install(build.folder, target)
    thread.join()
    assert seen == [True]
    assert lines == [f"another process is packing {target}: waiting for it"]
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_an_old_pack_is_replaced_at_the_end_and_never_lost(tmp_path: Path) -> None:
    target, old = tmp_path / "pack", tmp_path / ".pack.replaced"
    target.mkdir()
    (target / "old").touch()
    # Killed between the two renamings.
    target.rename(old)
    with locked(target, PLAN, IGNORED):
        assert (target / "old").exists()
        with building(target, PLAN) as build:
            append(build)
            build.finish()
            assert (target / "old").exists()
            install(build.folder, target)
    assert [path.name for path in target.iterdir()] == ["values.npy"]
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_only_what_was_killed_long_ago_is_swept(tmp_path: Path) -> None:
    folders = {
        name: tmp_path / f".{name}.building-{name}" for name in ("fresh", "old", "mine", "held", "other")
    }
    for name, folder in folders.items():
        folder.mkdir()
        (folder / (JOURNAL if name != "other" else "diary")).touch()
        if name != "fresh":
            os.utime(next(folder.iterdir()), (0, 0))
    with (
        locked(tmp_path / "held", replace(PLAN, tag="mine"), IGNORED),
        locked(tmp_path / "pack", replace(PLAN, tag="mine"), IGNORED),
    ):
        pass
    assert sorted(path.name.rpartition("-")[2] for path in tmp_path.iterdir()) == [
        "fresh",
        "held",
        "mine",
        "other",
    ]


def test_an_interruption_behind_the_last_row_is_no_other_error(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), building(tmp_path / "pack", PLAN) as build:
        append(build)
        build.finish()
        raise KeyboardInterrupt
    with building(tmp_path / "pack", PLAN) as build:
        assert (build.done, build.bad) == (9, [(3, "cut short")])


def test_an_interruption_while_the_journal_is_synced_notes_no_file_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, settled = module._settle, []

    def stop(file) -> None:
        settle(file)
        settled.append(file)
        if len(settled) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "_settle", stop)
    with pytest.raises(KeyboardInterrupt), building(tmp_path / "pack", PLAN) as build:
        append(build)
    with building(tmp_path / "pack", PLAN) as build:
        assert (build.done, build.bad) == (4, [(3, "cut short")])


def test_what_room_or_options_mend_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, plan = tmp_path / "pack", replace(PLAN, entries=1000)
    interrupted(target, plan)
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1))
        with pytest.raises(UserError, match="where 1 are free"), building(target, plan):
            pytest.fail("began without room")
    with suppress(ResumableError), building(target, plan) as build:
        assert build.done == 6
        build.append(ROWS[5:7])
        raise ResumableError("too many")
    monkeypatch.setattr(Path, "open", no_more_files(Path.open, "values.npy"))
    with pytest.raises(UserError, match="Too many open files"), building(target, plan):
        pytest.fail("began without files")
    monkeypatch.undo()
    with building(target, plan) as build:
        assert build.done == 8


def test_a_disk_that_fills_up_leaves_an_interrupted_build_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "pack"
    interrupted(target, PLAN)
    with pytest.raises(UserError, match="need 155 bytes"):
        failing(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ROWS[5:])
    with building(target, PLAN) as build:
        assert build.done >= 6


def no_more_files(real, name: str):
    def refuse(path: Path, mode: str = "r", *rest):
        if path.name == name and "+" in mode:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(path, mode, *rest)

    return refuse


def test_a_build_that_cannot_be_opened_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "open", no_more_files(Path.open, "values.npy"))
    with pytest.raises(UserError, match="Too many open files"), building(tmp_path / "pack", PLAN):
        pytest.fail("began without files")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk here is always full")
def test_a_full_disk_is_told_though_rows_wait_in_a_buffer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_ENTRIES", 3600.0)

    def fill() -> None:
        with building(tmp_path / "pack", PLAN) as build:
            build.append(ROWS)
            build._files[0].close()
            build._files[0] = Path("/dev/full").open("r+b")  # noqa: SIM115 (closed by the build)
            build.append(ROWS[:1])
            build.save()

    with pytest.raises(UserError, match="need 155 bytes"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_remains_of_earlier_replacements_are_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network disk keeps a file that is open, so that its folder cannot be removed."""
    target = tmp_path / "pack"
    target.mkdir()
    (target / "first").touch()
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda path, ignore_errors: None)
        for _ in range(3):
            with locked(target, PLAN, IGNORED), building(target, PLAN) as build:
                append(build)
                build.finish()
                install(build.folder, target)
    kept = sorted(tmp_path.glob(".pack.replaced*"))
    assert len(kept) == 3
    shutil.rmtree(target)
    (kept[-1] / "latest").touch()
    with locked(target, PLAN, IGNORED):
        assert (target / "latest").exists()
    assert list(tmp_path.iterdir()) == [target]


def test_a_kill_between_the_renamings_loses_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "pack"
    target.mkdir()
    (target / "old").touch()

    def killed(source: Path, place: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt), building(target, PLAN) as build:
        append(build)
        build.finish()
        patched.setattr(module.os, "rename", killed)
        install(build.folder, target)
    with building(target, PLAN) as build:
        assert build.done == 9
        build.finish()
        install(build.folder, target)
    assert [path.name for path in target.iterdir()] == ["values.npy"]
