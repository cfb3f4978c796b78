"""Train a feature space on data: a classifier where examples have labels, a contrastive network elsewhere."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from vaekit.data.batches import Examples
from vaekit.data.content import fingerprint
from vaekit.data.order import Order
from vaekit.data.records import Data
from vaekit.errors import UserError
from vaekit.features.facts import SpaceFacts, space_of
from vaekit.features.lessons import Classification, Contrast, Lesson
from vaekit.features.network import Extractor, spread_over
from vaekit.features.options import FeatureOptions, TrainedKind
from vaekit.features.space import FeatureSpace
from vaekit.noise import Noise, Shard, torch_seeded

STEPS: dict[TrainedKind, int] = {"classifier": 1300, "contrastive": 2400}
"""About so many are taken where nobody says for how many epochs."""
LEAST_EPOCHS, MOST_EPOCHS = 3, 100
WEIGHT_DECAY = 0.01
RISE = 0.2
"""Part of training in which the learning rate rises."""

Watch = Callable[[float, str, Tensor], None]
"""Told after each step: the fraction done, where training is, and the loss, a tensor on its device."""


@final
@dataclass(frozen=True)
class Fitted:
    """A trained feature space, and what it says of itself.

    Args:
        space: ready for use.
        facts: for its file.
    """

    space: FeatureSpace
    facts: SpaceFacts


def fit_space(
    data: Data,
    options: FeatureOptions = FeatureOptions(),  # noqa: B008 (frozen)
    device: torch.device | str = "cpu",
    watch: Watch = lambda done, where, loss: None,
) -> Fitted:
    """Train a network for its features, and see what it can do on the test split.

    Args:
        data: the training split is learned from; the validation split is not looked at.
        options: how.
        device: where.
        watch: told how it goes.

    Raises:
        UserError: a classifier without two classes of labels, too few examples, or a loss that is no number.
    """
    kind, device = kind_for(data, options.kind), torch.device(device)
    examples = Examples.of(data, "train", device, options.seed)
    batch = batch_for(examples.lengths, options.batch_size)
    order = Order(examples.lengths, batch, options.seed, examples.index_device)
    epochs = options.epochs or epochs_for(kind, order.batches)
    with torch_seeded(options.seed):
        network = Extractor(data.spec.shape)
        labels = data.train.labels
        if kind == "classifier" and labels is not None:
            lesson: Lesson = Classification(network, labels)
        else:
            lesson = Contrast(network, data.flip)
    lesson.to(device)
    network.standardise(spread_over(examples, options.seed))
    _train(lesson, examples, order, epochs, options, watch)
    lesson.eval()
    facts = SpaceFacts(
        kind=kind,
        data=data.name,
        fingerprint=fingerprint(data),
        shape=data.spec.shape,
        levels=data.levels,
        quality=lesson.quality(data, device, options.seed),
        epochs=epochs,
        batch_size=batch,
        lr=options.lr,
        seed=options.seed,
    )
    return Fitted(space_of(network, facts), facts)


def kind_for(data: Data, asked: str) -> TrainedKind:
    """What can be trained on data: what was asked for, or a classifier where labels tell classes.

    Raises:
        UserError: a classifier of data whose training examples are not of two classes at least.
    """
    labels = data.train.labels
    classes = 0 if labels is None else len(np.unique(labels))
    if asked == "classifier" and classes < 2:
        has = "no labels" if labels is None else "one class only"
        raise UserError(f"{data.name} has {has}, so nothing can be classified: use --kind contrastive")
    # As many classes as examples are names, not classes.
    tells = 2 <= classes <= len(data.train) / 2
    return "classifier" if asked == "classifier" or (asked == "auto" and tells) else "contrastive"


def batch_for(lengths: Sequence[int], wanted: int) -> int:
    """Examples in a step: as many as wanted, or as there are; each file of the data gives as many.

    Raises:
        UserError: fewer than two.

    Example:
        >>> batch_for((1000,), 128), batch_for((90,), 128), batch_for((40, 50, 60), 128)
        (128, 90, 120)
    """
    batch = max(1, min(wanted // len(lengths), min(lengths))) * len(lengths)
    if batch < 2:
        raise UserError("one training example is too few to learn features from")
    return batch


def epochs_for(kind: TrainedKind, batches: int) -> int:
    """Passes over the training set where nobody says how many.

    Example:
        >>> epochs_for("classifier", 421), epochs_for("classifier", 11), epochs_for("contrastive", 5000)
        (4, 100, 3)
    """
    return min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(STEPS[kind] / batches)))


def rate_at(done: float) -> float:
    """The learning rate over its highest: up in a line over the first fifth, then down by half a cosine.

    Example:
        >>> [round(rate_at(done), 3) for done in (0.0, 0.1, 0.2, 0.6, 1.0)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if done < RISE:
        return done / RISE
    return (1 + math.cos(math.pi * (done - RISE) / (1 - RISE))) / 2


def _train(
    lesson: Lesson, examples: Examples, order: Order, epochs: int, options: FeatureOptions, watch: Watch
) -> None:
    """AdamW through `epochs` passes in the order that the seed decides."""
    batch, total = order.each * len(order.lengths), epochs * order.batches
    optimiser = torch.optim.AdamW(lesson.parameters(), lr=options.lr, weight_decay=WEIGHT_DECAY)
    loss = torch.zeros(())
    for step in range(total):
        epoch, place = divmod(step, order.batches)
        for group in optimiser.param_groups:
            group["lr"] = options.lr * rate_at((step + 0.5) / total)
        noise = Noise(options.seed, ("features", step), (Shard(0, batch),))
        loss = lesson.loss(examples, order.slots(epoch, place, slice(0, batch)), noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        watch((step + 1) / total, f"epoch {epoch + 1}/{epochs}", loss.detach())
    if not torch.isfinite(loss).item():
        raise UserError("the loss of the features is no longer a number: try a smaller --lr")
