"""How fast pictures become a pack, and what memory that takes."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from .memory import Watched, watch
from .pictures import faces, files_of
from .rounds import spread

VAEKIT = str(Path(sys.executable).with_name("vaekit"))


def pack_command(source: Path | str, target: Path | str, *options: str) -> list[str]:
    """How a person packs."""
    return [VAEKIT, "pack", str(source), "-o", str(target), *options]


@contextmanager
def packed(source: Path) -> Iterator[tuple[Path, Watched, int]]:
    """A fresh pack of CelebA's layout, how its making went, and how many pictures it has."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "pack"
        watched = pack(source, target)
        yield target, watched, len(files_of(source))


def pack(source: Path | str, target: Path, *options: str) -> Watched:
    """Pack in a process of its own, with an empty cache."""
    with TemporaryDirectory() as cache:
        return watch(pack_command(source, target, *options), {"VAEKIT_CACHE": cache})


def measure(repetitions: int = 3) -> dict[str, object]:
    """The section "pack" of the results: the whole command, start of the interpreter included."""
    runs: list[Watched] = []
    stored = 0
    with faces() as (celeba, words), TemporaryDirectory() as folder:
        count = len(files_of(celeba))
        for number in range(repetitions + 1):
            target = Path(folder) / str(number)
            runs.append(pack(celeba, target))
            stored = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
            shutil.rmtree(target, ignore_errors=True)
    runs = runs[1:]  # the first one reads the files from the disk
    return {
        "pictures": words,
        "images/s, whole command": spread([count / run.seconds for run in runs]),
        "bytes of the pack per image": round(stored / count),
        "peak memory, MB": spread([run.resident / 1e6 for run in runs], 0),
        "of it private, MB": spread([run.private / 1e6 for run in runs], 0),
    }
