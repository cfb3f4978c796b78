"""What a trained feature space says of itself."""

from dataclasses import dataclass
from typing import final

from vaekit.features.lessons import Quality
from vaekit.features.network import FEATURES, Extractor, architecture
from vaekit.features.options import TrainedKind
from vaekit.features.space import SHOWN, FeatureSpace, digest_of


@final
@dataclass(frozen=True)
class SpaceFacts:
    """What a network was trained on, and how.

    Args:
        kind: classifier or contrastive.
        data: what the data are called.
        fingerprint: of their content.
        shape: of an example.
        levels: that the network saw a number take; None for floats.
        quality: on held-out examples, where there is one.
        epochs: passes over the training set.
        batch_size: examples in a step.
        lr: highest learning rate.
        seed: of everything random.
        features: F.
    """

    kind: TrainedKind
    data: str
    fingerprint: str
    shape: tuple[int, ...]
    levels: int | None
    quality: Quality | None
    epochs: int
    batch_size: int
    lr: float
    seed: int
    features: int = FEATURES


def space_of(network: Extractor, facts: SpaceFacts) -> FeatureSpace:
    """The feature space of a trained network, named after its kind, its data and its hash."""
    digest = digest_of(network, f"{facts.kind}, {architecture(facts.shape, facts.features)}")
    return FeatureSpace(
        name=f"{facts.kind} of {facts.data}, {digest[:SHOWN]}",
        kind=facts.kind,
        hash=digest,
        resize="none",
        dimensions=facts.features,
        shape=facts.shape,
        network=network.eval().requires_grad_(False),
        quality="" if facts.quality is None else str(facts.quality),
    )
