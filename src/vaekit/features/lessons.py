"""What a network is trained on for the sake of its features: to tell classes, or to tell examples, apart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn

from vaekit.data.batches import Examples
from vaekit.data.records import Data
from vaekit.features.augment import shifted, view
from vaekit.features.network import FEATURES
from vaekit.nets.mlp import MLP
from vaekit.noise import Noise, Shard

TEMPERATURE = 0.2
"""τ of NT-Xent."""
RETRIEVED = 500
"""Held-out examples among which each is looked for."""
_PROJECTED = 64
_BLOCKS = 10


@final
@dataclass(frozen=True)
class Quality:
    """What a network can do on examples that it was not trained on.

    Args:
        measure: accuracy, or retrieval: how often the nearest of the other views shows the same example.
        value: the fraction that is right.
        examples: how many were tried.
        split: which part of the data they are of.
    """

    measure: str
    value: float
    examples: int
    split: str

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.4f} on {self.examples:,} {self.split} examples"


class Lesson(nn.Module, ABC):
    """A network that is trained for its features, and what it needs besides while it learns."""

    @abstractmethod
    def loss(self, examples: Examples, places: Int[Tensor, " B"], noise: Noise) -> Float[Tensor, ""]:
        """The loss of a batch of training examples (nats)."""

    @abstractmethod
    def quality(self, data: Data, device: torch.device, seed: int) -> Quality | None:
        """What the network can do on held-out examples; None where that cannot be told."""


@final
class Classification(Lesson):
    """Cross-entropy of the class, from the features by one linear layer.

    Args:
        network: whose features are meant.
        labels: of the training examples, whole numbers.

    Example:
        >>> from vaekit.features.network import Extractor
        >>> Classification(Extractor((4,)), np.array([3, 7, 3])).classes.tolist()
        [3, 7]
    """

    labels: Tensor
    classes: Tensor

    def __init__(self, network: nn.Module, labels: Int64[np.ndarray, "N"]) -> None:
        super().__init__()
        classes, places = np.unique(labels, return_inverse=True)
        self.register_buffer("classes", torch.from_numpy(classes))
        self.register_buffer("labels", torch.from_numpy(places.reshape(-1)))
        self.network = network
        self.head = nn.Linear(FEATURES, len(classes))

    def loss(self, examples: Examples, places: Int[Tensor, " B"], noise: Noise) -> Float[Tensor, ""]:
        """−log p(class | features), of slightly shifted pictures."""
        x = shifted(examples.augmented(places, noise), noise)
        return F.cross_entropy(self.head(self.network(x)), self.labels[places.to(self.labels.device)])

    @torch.no_grad()
    def quality(self, data: Data, device: torch.device, seed: int) -> Quality | None:
        """Accuracy on the test split; on validation where the source labels no other part."""
        for split in ("test", "validation"):
            labels = data.split(split).labels
            if labels is not None:
                held_out = Examples.of(data, split, device, seed)
                guesses = [self.head(self.network(x)).argmax(-1) for _, x, _ in held_out.in_order(_BLOCKS)]
                right = self.classes[torch.cat(guesses)].cpu() == torch.from_numpy(labels)
                return Quality("accuracy", right.double().mean().item(), len(labels), split)
        return None


@final
class Contrast(Lesson):
    """NT-Xent: of all views in the batch, find the other one of the same example.

    Args:
        network: whose features are meant.
        flip: whether pictures may be mirrored.

    Source:
        Chen et al. 2020 (arXiv 2002.05709), equation 1.
    """

    def __init__(self, network: nn.Module, flip: bool) -> None:
        super().__init__()
        self.network = network
        self.flip = flip
        self.head = MLP(FEATURES, (FEATURES,), _PROJECTED, "silu")

    def loss(self, examples: Examples, places: Int[Tensor, " B"], noise: Noise) -> Float[Tensor, ""]:
        """NT-Xent of two views of each example."""
        first, second = self._views(examples.gather(places, noise), noise)
        a, b = self.head(self.network(torch.cat([first, second]))).chunk(2)
        return nt_xent(a, b, TEMPERATURE)

    @torch.no_grad()
    def quality(self, data: Data, device: torch.device, seed: int) -> Quality | None:
        """How often the nearest second view, by the angle between features, is of the same test example."""
        x = Examples.of(data, "test", device, seed).first(RETRIEVED)
        noise = Noise(seed, ("features", "retrieval"), (Shard(0, len(x)),))
        a, b = (F.normalize(self.network(each), dim=-1) for each in self._views(x, noise))
        right = (a @ b.T).argmax(-1) == torch.arange(len(x), device=x.device)
        return Quality("retrieval", right.double().mean().item(), len(x), "test")

    def _views(
        self, x: Float[Tensor, "B *E"], noise: Noise
    ) -> tuple[Float[Tensor, "B *E"], Float[Tensor, "B *E"]]:
        return view(x, noise, "first", self.flip), view(x, noise, "second", self.flip)


def nt_xent(
    a: Float[Tensor, "B P"], b: Float[Tensor, "B P"], temperature: float = TEMPERATURE
) -> Float[Tensor, ""]:
    """Mean over the 2B views of −log(exp(s(i, j)/τ) / Σ_{k≠i} exp(s(i, k)/τ)), s the cosine, j the other view of i.

    Args:
        a: one view of each example.
        b: another view of each.
        temperature: τ.

    Source:
        Chen et al. 2020 (arXiv 2002.05709), equation 1.

    Example:
        >>> x = torch.eye(3)
        >>> round(nt_xent(x, x, 1.0).item(), 4)  # −log(e / (e + 4))
        0.9048
    """
    z = F.normalize(torch.cat([a, b]), dim=-1)
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    other = torch.arange(len(z), device=z.device).roll(len(a))
    return F.cross_entropy(similarity, other)
