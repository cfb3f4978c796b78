"""What was measured already, so that an interrupted evaluation goes on where it was, to the same figures."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import final

from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vaekit.files import replacing, write_text

Tensors = Mapping[str, Shaped[Tensor, "..."]]
EVERY = 5.0
"""Seconds of work that a loss of power may take; Ctrl-C takes only the chunk in progress."""


@final
class Chunks:
    """The finished chunks of one measurement.

    Args:
        folder: where they are kept; None keeps none.
        every: seconds after which what was measured is written.
    """

    def __init__(self, folder: Path | None = None, every: float = EVERY) -> None:
        self.folder = folder
        self.every = every
        self.waiting: dict[int, Tensors] = {}
        self.known: Mapping[int, Tensors] = {} if folder is None else _read(folder)
        self.found = len(self.known)
        self.latest = time.monotonic()

    def __enter__(self) -> "Chunks":
        return self

    def __exit__(self, *_: object) -> None:
        self.write()

    def get(self, index: int, compute: Callable[[], Tensors]) -> Tensors:
        """A chunk as it was kept, or else computed and kept."""
        if index in self.known:
            return self.known[index]
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in compute().items()}
        if self.folder is not None:
            self.waiting[index] = tensors
            if time.monotonic() - self.latest >= self.every:
                self.write()
        return tensors

    def write(self) -> None:
        """Write what waits."""
        if self.folder is None or not self.waiting:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        flat = {f"{i}/{name}": t for i, tensors in self.waiting.items() for name, t in tensors.items()}
        with replacing(self.folder / f"{min(self.waiting):06d}.safetensors") as temporary:
            save_file(flat, temporary)
        self.waiting.clear()
        self.latest = time.monotonic()


@final
class Journal:
    """Results and chunks of groups, each under a digest of all that it depends on.

    Args:
        folder: RUN/evaluation; None keeps nothing.
        fresh: whether what was kept is forgotten first.
        every: seconds after which finished chunks are written.
    """

    def __init__(self, folder: Path | None = None, fresh: bool = False, every: float = EVERY) -> None:
        self.folder = folder
        self.fresh = fresh
        self.every = every

    def kept(self, group: str, facts: Sequence[object]) -> Mapping[str, object] | None:
        """The result of a group, if it was finished."""
        path = self._path(group, facts)
        if path is None:
            return None
        if self.fresh:
            path.unlink(missing_ok=True)
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # not there, or damaged: it is measured anew
        return result if isinstance(result, dict) else None

    def chunks(self, group: str, facts: Sequence[object]) -> Chunks:
        """The chunks of a group that was not finished."""
        path = self._path(group, facts)
        return Chunks(None if path is None else path.with_suffix(""), self.every)

    def keep(self, group: str, facts: Sequence[object], result: Mapping[str, object]) -> None:
        """Keep the result of a group, and its chunks no longer."""
        path = self._path(group, facts)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(result, ensure_ascii=False, allow_nan=False))
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)

    def _path(self, group: str, facts: Sequence[object]) -> Path | None:
        if self.folder is None:
            return None
        digest = hashlib.sha256(json.dumps([group, *facts]).encode()).hexdigest()[:16]
        return self.folder / f"{group}-{digest}.json"


def _read(folder: Path) -> Mapping[int, Tensors]:
    known: dict[int, dict[str, Tensor]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            flat = load_file(path)
        except SafetensorError:
            continue  # damaged: its chunks are measured anew
        for name, tensor in flat.items():
            index, _, rest = name.partition("/")
            known.setdefault(int(index), {})[rest] = tensor
    return known
