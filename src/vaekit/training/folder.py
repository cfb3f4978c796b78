"""The folder of a run and the names of what lies in it."""

import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class RunFolder:
    """Paths of a run.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """config.yaml: `vaekit train --config` trains the same model again."""
        return self.path / "config.yaml"

    @property
    def model(self) -> Path:
        """model.safetensors: the best checkpoint with its fitted prior."""
        return self.path / "model.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint of the best validation ELBO."""
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def last(self) -> Path:
        """The latest training state, from which --resume goes on."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def metrics(self) -> Path:
        """metrics.csv."""
        return self.path / "metrics.csv"

    @property
    def evaluation(self) -> Path:
        """evaluation.json."""
        return self.path / "evaluation.json"

    @property
    def diagnosis(self) -> Path:
        """diagnosis.json."""
        return self.path / "diagnosis.json"

    @property
    def figures(self) -> Path:
        """figures/."""
        return self.path / "figures"

    @property
    def epochs(self) -> Path:
        """figures/epochs/: the sheets of single epochs."""
        return self.figures / "epochs"

    @property
    def tensorboard(self) -> Path:
        """tensorboard/: the events."""
        return self.path / "tensorboard"

    def check_free(self) -> None:
        """Make sure that nothing would be overwritten.

        Raises:
            UserError: if the folder exists and holds something.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise UserError(
                f"{self.path} exists already: choose another --out, or go on with --resume {typed(self.path)}"
            )

    def create(self) -> None:
        """Make the folder and its sub-folders.

        Raises:
            UserError: if it is not free, or cannot be made.
        """
        self.check_free()
        try:
            self.best.parent.mkdir(parents=True, exist_ok=True)
            self.figures.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the run folder {self.path}: {error.strerror}") from error


def program() -> str:
    """How to type the command here: by its name where that is found, else the way it was called."""
    called = sys.argv[0]
    return called if Path(called).name == "vaekit" and shutil.which("vaekit") is None else "vaekit"


def typed(path: Path) -> str:
    """A path as a shell takes it.

    Example:
        >>> typed(Path("runs/digits-vae-001")), typed(Path("my runs/1"))
        ('runs/digits-vae-001', "'my runs/1'")
    """
    return shlex.quote(str(path))


def new_folder(root: Path, data: str, recipe: str) -> RunFolder:
    """The next free numbered folder, root/DATA-RECIPE-001 and so on; it is not made yet.

    Example:
        >>> new_folder(Path("nowhere"), "My Data", "vae").path.as_posix()
        'nowhere/my-data-vae-001'
    """
    stem = f"{re.sub(r'[^a-z0-9]+', '-', data.lower()).strip('-') or 'data'}-{recipe}"
    taken = [
        int(match[1])
        for path in root.glob(f"{stem}-*")
        if (match := re.fullmatch(rf"{stem}-(\d+)", path.name))
    ]
    return RunFolder(root / f"{stem}-{max(taken, default=0) + 1:03d}")


def existing_folder(path: Path) -> RunFolder:
    """The folder of a finished or interrupted run.

    Raises:
        UserError: if it is not one.
    """
    folder = RunFolder(path)
    if not folder.config.is_file():
        raise UserError(f"{path} is not a run folder: it has no config.yaml")
    return folder
