"""What TensorBoard shows of a run; the package is imported only where it is asked for."""

import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import final

import numpy as np
from PIL import Image

from vaekit.errors import UserError


def check_installed() -> None:
    """Make sure, before training, that events can be written.

    Raises:
        UserError: if the package tensorboard is missing.
    """
    if find_spec("tensorboard") is None:
        raise UserError(
            '--tensorboard true needs the package tensorboard: pip install "vaekit[tensorboard]", '
            "or leave the option out"
        )


@final
class Events:
    """The events of a run; those after the step that a run is resumed from are no longer shown.

    Args:
        folder: of the events.
        step: steps done.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        _wait_for_a_later_name(folder)
        self._writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def scalars(self, row: Mapping[str, float], step: int) -> None:
        """Write a row of metrics.csv: train/…, validation/… and the learning rate."""
        for name, value in row.items():
            if name not in ("epoch", "step", "seconds"):
                self._writer.add_scalar(_tag(name), value, step)
        self._writer.flush()

    def image(self, name: str, picture: Image.Image, step: int) -> None:
        """Write an RGB picture."""
        self._writer.add_image(name, np.asarray(picture), step, dataformats="HWC")

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def _wait_for_a_later_name(folder: Path) -> None:
    """TensorBoard reads the files of a folder in the order of their names, which begin with the second.

    A file of another clock's future is not waited for.
    """
    for _ in range(30):
        begun = [file.name.split(".")[3] for file in folder.glob("events.out.tfevents.*")]
        if not any(second.isdigit() and int(second) >= int(time.time()) for second in begun):
            return
        time.sleep(0.05)


def _tag(name: str) -> str:
    """A column of metrics.csv as TensorBoard groups it.

    Example:
        >>> _tag("validation_elbo_density"), _tag("lr")
        ('validation/elbo_density', 'lr')
    """
    part, _, rest = name.partition("_")
    return f"{part}/{rest}" if rest and part in ("train", "validation") else name
