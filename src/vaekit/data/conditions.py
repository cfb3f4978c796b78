"""What a model is told of each example: its label, or some of its attributes."""

from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from vaekit.data.records import Data
from vaekit.errors import UserError, nearest
from vaekit.spec import Condition


def conditioned(
    data: Data,
    words: str,
    prior: Literal["shared", "learned"] = "shared",
    labelled: int | None = None,
) -> Data:
    """The same data, whose examples tell a model their labels or attributes.

    Args:
        data: with labels or attributes.
        words: "labels"; "attributes", all of them; or names of attributes with commas between.
        prior: whether latents have one prior for all conditions or one for each.
        labelled: how many training examples tell their labels; None: all.

    Raises:
        UserError: if the data have no labels or no such attributes.

    Example:
        >>> from vaekit.data.records import Split
        >>> part = Split(np.zeros((3, 2), np.float32), labels=np.array([0, 1, 1]))
        >>> data = Data("tiny", part, part, part, levels=None, binarise=None, stored_levels=None)
        >>> conditioned(data, "labels").spec.condition
        Condition(kind='labels', names=('0', '1'), prior='shared')
    """
    if words == "labels":
        return replace(data, condition=Condition("labels", _classes(data), prior, labelled))
    if not data.attribute_names:
        has = (
            "labels: use --condition labels"
            if data.train.labels is not None
            else "neither labels nor attributes"
        )
        raise UserError(f"{data.name} has no attributes to be told; it has {has}")
    names = (
        data.attribute_names if words == "attributes" else tuple(word for word in words.split(",") if word)
    )
    if unknown := [name for name in names if name not in data.attribute_names]:
        known = ("labels", "attributes", *data.attribute_names)
        raise UserError(f"{data.name} has no attribute {unknown[0]}; {nearest(unknown[0], known)}")
    return replace(data, condition=Condition("attributes", names, prior, labelled))


def _classes(data: Data) -> tuple[str, ...]:
    if data.train.labels is None:
        raise UserError(f"{data.name} has no labels to be told: leave out --condition")
    count = max(len(data.label_names), int(data.train.labels.max()) + 1)
    return tuple(data.label_names) if len(data.label_names) == count else tuple(map(str, range(count)))


def told(data: Data, split: str) -> Float32[np.ndarray, "N C"] | None:
    """The condition of each example of a split: 1 at its class, nowhere where it has none; or 0 and 1 for attributes.

    None where nothing is told.

    Raises:
        UserError: if the split has no labels or attributes, or one that the training examples lack.
    """
    condition, part = data.condition, data.split(split)
    if condition is None:
        return None
    if condition.kind == "labels":
        if part.labels is None:
            raise UserError(f"{data.name} has no labels, and the model asks for them: give labelled data")
        labels = part.labels.astype(np.int64)
        if (largest := int(labels.max(initial=-1))) >= condition.size:
            raise UserError(
                f"{data.name} has the label {largest}, and the model knows {condition.size} classes"
            )
        if split == "train" and condition.labelled is not None:
            labels = _some(labels, condition.size, condition.labelled)
        table = np.zeros((len(part), condition.size), np.float32)
        known = np.flatnonzero(labels >= 0)
        table[known, labels[known]] = 1
        return table
    if part.attributes is None:
        raise UserError(f"{data.name} has no attributes, and the model asks for it")
    if missing := [name for name in condition.names if name not in data.attribute_names]:
        raise UserError(f"{data.name} has no attribute {missing[0]}, and the model asks for it")
    columns = [data.attribute_names.index(name) for name in condition.names]
    return part.attributes[:, columns].astype(np.float32)


def _some(labels: Int64[np.ndarray, "N"], classes: int, count: int) -> Int64[np.ndarray, "N"]:
    """So many labels, equally many of each class and evenly spaced over its examples; −1 for the others."""
    kept = np.full_like(labels, -1)
    for label in range(classes):
        members = np.flatnonzero(labels == label)
        wanted = min(len(members), count // classes + (label < count % classes))
        chosen = members[np.arange(wanted) * len(members) // max(1, wanted)]
        kept[chosen] = label
    return kept
