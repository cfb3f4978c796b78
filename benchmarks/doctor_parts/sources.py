"""The five data sets, each as three splits that a seed draws, and what is wrong with some of them on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Shaped

from vaekit.data import PictureOptions, draw_factors, draw_shapes, load
from vaekit.files import replacing

Array = Shaped[np.ndarray, "N ..."]
Splits = Mapping[str, Array]

HELD_OUT = 0.1
"""Fraction of the examples in validation, and as many in the test."""
MNIST, CELEBA = 8_000, 6_000
SIDE = 32
MIRRORED = 0.5
FEW, HANDFUL = 150, 60
LINEAR_DIMENSIONS, LINEAR_LATENTS = 256, 128
LINEAR_TRAIN, LINEAR_TEST = 10_000, 1_000


@final
@dataclass(frozen=True)
class Places:
    """Where the data sets lie that are no part of the package.

    Args:
        mnist: folder of the IDX files.
        celeba: folder of aligned pictures.
        table: .npz file with a table X.
    """

    mnist: Path
    celeba: Path
    table: Path


def examples(name: str, places: Places, seed: int) -> Array:
    """All examples of a data set, in the order of the source."""
    if name == "digits":
        from sklearn import datasets

        values, _ = datasets.load_digits(return_X_y=True)
        return np.asarray(values).astype(np.uint8).reshape(-1, 8, 8)
    if name == "shapes":
        return draw_shapes(draw_factors())
    if name == "MNIST":
        return some(load(places.mnist).train.array, MNIST, seed)
    if name == "CelebA":
        pictures = PictureOptions(image_size=SIDE, channels=1, crop="celeba", flip=False)
        return load(places.celeba, pictures=pictures).train.array[:CELEBA]
    if name == "table":
        with np.load(places.table) as stored:
            x = stored["X"].astype(np.float64)
        return ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    raise ValueError(f"no data set is called {name}")


def some(x: Array, count: int, seed: int) -> Array:
    """So many examples, drawn without replacement."""
    return x[np.random.default_rng(seed).permutation(len(x))[:count]]


def divided(x: Array, seed: int) -> Splits:
    """Three splits by a seeded shuffle.

    Example:
        >>> {name: len(part) for name, part in divided(np.zeros((50, 2)), 0).items()}
        {'train': 40, 'valid': 5, 'test': 5}
    """
    order = np.random.default_rng(seed).permutation(len(x))
    held = round(HELD_OUT * len(x))
    return {"train": x[order[2 * held :]], "valid": x[order[:held]], "test": x[order[held : 2 * held]]}


def mirrored(splits: Splits, seed: int) -> Splits:
    """Half of the validation images mirrored left to right."""
    valid = splits["valid"].copy()
    which = np.random.default_rng(seed).permutation(len(valid))[: round(MIRRORED * len(valid))]
    valid[which] = valid[which][..., ::-1]
    return {**splits, "valid": valid}


def few(splits: Splits, seed: int) -> Splits:
    """So few training examples that a network learns them by heart."""
    return {**splits, "train": some(splits["train"], FEW, seed)}


def few_validated_on_themselves(splits: Splits, seed: int) -> Splits:
    """Few training examples, and validation is a copy of them: nothing stops training."""
    train = some(splits["train"], FEW, seed)
    return {**splits, "train": train, "valid": train}


def handful(splits: Splits, seed: int) -> Splits:
    """A handful of training examples, with which the model is also validated."""
    train = some(splits["train"], HANDFUL, seed)
    return {**splits, "train": train, "valid": train}


FAULTS: Mapping[str, Callable[[Splits, int], Splits]] = {
    "mirrored": mirrored,
    "few": few,
    "own-validation": few_validated_on_themselves,
    "handful": handful,
}


def linear_splits(seed: int) -> Splits:
    """Gaussian data whose exact model is linear: x = Wz + ε with d = 128 independent z and σ² = .01."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((LINEAR_DIMENSIONS, LINEAR_DIMENSIONS)))[0]
    weights = axes[:, :LINEAR_LATENTS] * np.sqrt(np.geomspace(4.0, 0.05, LINEAR_LATENTS))

    def drawn(count: int) -> Array:
        z = rng.standard_normal((count, LINEAR_LATENTS))
        noise = 0.1 * rng.standard_normal((count, LINEAR_DIMENSIONS))
        return (z @ weights.T + noise).astype(np.float32)

    return {"train": drawn(LINEAR_TRAIN), "valid": drawn(LINEAR_TEST), "test": drawn(LINEAR_TEST)}


def file_of(name: str, fault: str, seed: int, places: Places, folder: Path) -> Path:
    """The .npz file with these splits, written where it is not there yet."""
    path = folder / "data" / f"{name}{f'-{fault}' if fault else ''}-{seed}.npz"
    if not path.is_file():
        splits = linear_splits(seed) if name == "linear" else divided(examples(name, places, seed), seed)
        found = FAULTS[fault](splits, seed) if fault else splits
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.savez(handle, allow_pickle=False, **found)
    return path
