"""Examples that a command line names: by index in a split, or by path."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.data.pictures import read_example
from vaekit.data.walk import is_picture
from vaekit.errors import UserError
from vaekit.training.run import Run


def named_examples(run: Run, names: Sequence[str], split: str = "test") -> Tensor:
    """Examples by index in a split, or by path, (N, *E).

    Raises:
        UserError: for an index out of range or a file that cannot be read.
    """
    found: list[Tensor] = []
    held: Examples | None = None
    for name in names:
        if name.lstrip("-").isdigit() and not Path(name).exists():
            held = run.examples(split) if held is None else held
            index = int(name)
            if not 0 <= index < len(held):
                raise UserError(f"index {index}: the {split} split has examples 0 to {len(held) - 1}")
            found.append(held.one(index))
        else:
            x = read_example(Path(name), run.spec, run.config.pictures.crop)
            found.append(torch.as_tensor(x, device=run.vae.device))
    return torch.stack(found)


def told_by_name(run: Run, words: str | None) -> VAE:
    """The model, told a condition by its names; as it is where none is named.

    Raises:
        UserError: for a name that is none of the model's, or a model that is told nothing.
    """
    if words is None:
        return run.vae
    if run.spec.condition is None or run.vae.conditioning is None:
        raise UserError("--given is for models that were trained with --condition; this one is told nothing")
    told = torch.tensor([run.spec.condition.told(words)], device=run.vae.device)
    return run.vae.given(told)


def spread(names: Sequence[str]) -> list[str]:
    """The names, a folder replaced by the pictures in it.

    Raises:
        UserError: for a folder without pictures.
    """
    found: list[str] = []
    for name in names:
        if not Path(name).is_dir():
            found.append(name)
            continue
        inside = [str(path) for path in sorted(Path(name).rglob("*")) if is_picture(path.name)]
        if not inside:
            raise UserError(f"the folder {name} holds no pictures")
        found += inside
    return found


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed .npz whole or not at all.

    Raises:
        UserError: if the name does not end in .npz.
    """
    from vaekit.files import replacing

    if path.suffix != ".npz":
        raise UserError(f"{path}: the codes are written as .npz; give a name that ends in .npz")
    # numpy's own savez takes no array that is called "file".
    with replacing(path) as temporary, ZipFile(temporary, "w", ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
