"""Map-style datasets, PyTorch's for instance, gathered once into one array."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from vaekit.data.assemble import Part, assemble
from vaekit.data.records import Data
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


@runtime_checkable
class MapStyle(Protocol):
    """Anything with a length whose items are fetched by index, like `torch.utils.data.Dataset`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> object: ...


def load_dataset(dataset: object, levels: int | None = None, options: SplitOptions | None = None) -> Data:
    """Gather a map-style dataset, one pass in the order of its indices, and divide it by a seeded shuffle.

    Each item is fetched once, so that a random transform of the dataset is frozen in the draw it made.

    Args:
        dataset: has `__len__` and `__getitem__`; an item is an array, a tensor or a PIL image, or a tuple of
            one of these and a whole number, its label. Layouts and types as for `encode`.
        levels: number of levels, or None to tell from the values.
        options: fractions and seed; None for the defaults.

    Raises:
        UserError: something that is no map-style dataset, items that are no arrays or differ in shape or
            type, or values that `assemble` refuses.

    Example:
        >>> load_dataset([(np.zeros((4, 4), bool), 0), (np.ones((4, 4), bool), 1)] * 3).train.labels.shape
        (4,)
    """
    name = type(dataset).__name__
    if not isinstance(dataset, MapStyle):
        raise UserError(
            f"{name} is no source of data: give a path, an array, a mapping of arrays, or a dataset with a "
            "length whose items are fetched by index"
        )
    count = len(dataset)
    if count == 0:
        raise UserError(f"{name}: the dataset is empty")
    first, label = _item(name, dataset, 0)
    values = np.empty((count, *first.shape), first.dtype)
    labels = [label]
    values[0] = first
    for index in range(1, count):
        value, label = _item(name, dataset, index)
        if (value.shape, value.dtype) != (first.shape, first.dtype):
            raise UserError(
                f"{name}: item {index} is {value.dtype} of shape {value.shape}, but item 0 is "
                f"{first.dtype} of shape {first.shape}; make all items the same"
            )
        values[index] = value
        labels.append(label)
    part = Part(values, _gathered_labels(name, labels))
    return assemble(name, {"train": part}, levels, options or SplitOptions())


def _gathered_labels(name: str, labels: list[np.ndarray | None]) -> Shaped[np.ndarray, "..."] | None:
    given = [label for label in labels if label is not None]
    if not given:
        return None
    if len(given) < len(labels) or any(label.size != 1 for label in given):
        raise UserError(
            f"{name}: each item must have one whole number as its label, or none may have a label"
        )
    return np.stack([label.reshape(()) for label in given])


def _item(name: str, dataset: MapStyle, index: int) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        item = dataset[index]
    except NotImplementedError as error:
        raise UserError(f"{name}: items cannot be fetched by index; give a map-style dataset") from error
    if isinstance(item, tuple):
        if len(item) not in (1, 2):
            raise UserError(
                f"{name}: item {index} is a tuple of {len(item)}; give (array, label) or an array"
            )
        return _array(name, index, item[0]), _array(name, index, item[1]) if len(item) == 2 else None
    return _array(name, index, item), None


def _array(name: str, index: int, value: object) -> np.ndarray:
    if getattr(value, "mode", None) == "P":  # a palette image, whose numbers are names of colours
        value = value.convert("RGB")  # pyright: ignore[reportAttributeAccessIssue]
    if hasattr(value, "detach"):  # a tensor, told without importing torch
        value = value.detach().cpu()  # pyright: ignore[reportAttributeAccessIssue]
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: item {index} cannot be made an array: {error}") from error
