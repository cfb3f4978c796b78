"""Where a command writes its picture."""

from pathlib import Path

from torch import Tensor

from vaekit.report import save_png, sheet
from vaekit.training.run import Run


def output_path(run: Run, given: str | None, default: str) -> Path:
    """The path that was given, or a file among the run's figures."""
    return run.folder.figures / default if given is None else Path(given)


def write_sheet(images: Tensor, path: Path, columns: int) -> None:
    """Write examples (N, *E) as one picture."""
    save_png(sheet(images.cpu(), columns), path)
