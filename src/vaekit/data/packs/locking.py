"""One process at a time for each target, and what killed ones left behind."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vaekit.data.packs.building import BUILDING, JOURNAL, OLD, Plan, unwritable
from vaekit.errors import UserError

_WEEK = 7 * 24 * 3600


@contextmanager
def locked(target: Path, plan: Plan, report: Callable[[str], None]) -> Iterator[None]:
    """Let only one process at a time build what lies at a target; others wait.

    Raises:
        UserError: a folder that cannot be written.
    """
    path = target.parent / f".{target.name}.lock"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(path, target, report)
    except OSError as error:
        raise UserError(unwritable(target, plan, error)) from error
    try:
        _recover(target)
        _sweep(target.parent, plan.tag)
        yield
    finally:
        # Unlinked while it is held: whoever waits for it sees that and looks again.
        path.unlink(missing_ok=True)
        lock.close()


def _lock(path: Path, target: Path, report: Callable[[str], None]) -> IO[bytes]:
    told = False
    while True:
        lock = path.open("w+b")
        try:
            if sys.platform == "win32":
                return lock
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    report(f"another process is packing {target}: waiting for it")
                    told = True
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return lock
        except BaseException:
            lock.close()
            raise
        lock.close()


def _recover(target: Path) -> None:
    """Mend what was cut off between the two renamings of a replacement."""
    start = f".{target.name}{OLD}"
    left = sorted(path for path in target.parent.iterdir() if path.name.startswith(start) and path.is_dir())
    if left and not target.exists():
        os.rename(left.pop(), target)  # the latest
    for old in left:
        shutil.rmtree(old, ignore_errors=True)


def _sweep(parent: Path, tag: str) -> None:
    """Remove what builds left behind that were killed more than a week ago, but not that of this one."""
    for folder in parent.glob(f".*{BUILDING}*"):
        journal, name = folder / JOURNAL, folder.name[1:].rpartition(BUILDING)[0]
        if folder.name.endswith(tag) or not journal.is_file() or _is_held(parent / f".{name}.lock"):
            continue
        if time.time() - journal.stat().st_mtime > _WEEK:
            shutil.rmtree(folder, ignore_errors=True)


def _is_held(path: Path) -> bool:
    """Whether a process that lives holds a lock."""
    if sys.platform == "win32" or not path.exists():
        return path.exists()
    import fcntl

    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
