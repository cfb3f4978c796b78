"""A feature space: where sets of examples are compared, under a name that stands beside every number."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.spec import DataSpec

SHOWN = 12
"""Hexadecimal digits of a hash that people see."""
AT_ONCE = 4
"""Blocks of a split that go through the network at once."""


@final
@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """A map x ↦ φ(x) in which sets of examples are compared.

    Args:
        name: what stands beside every number, as "classifier of mnist, 3f2a9c1e04b7".
        kind: classifier, contrastive, module, inception or pixels.
        hash: SHA-256 of the weights and of what the network is, hexadecimal.
        resize: how examples come to the size that the network takes, or "none".
        dimensions: F, features of an example.
        shape: of the examples that it takes.
        network: the map of (B, *E) in [0, 1] to (B, F).
        quality: what was found on held-out examples, in words; "" where nothing was.
        genuine: whether these are the Inception features of the published FID, and no others.
    """

    name: str
    kind: str
    hash: str
    resize: str
    dimensions: int
    shape: tuple[int, ...]
    network: nn.Module
    quality: str = ""
    genuine: bool = False

    @property
    def frechet_name(self) -> str:
        """What a Fréchet distance in this space may be called: FID is the name of one space only."""
        return "FID" if self.genuine else "Fréchet distance"

    def describe(self) -> str:
        """One line that belongs beside every number measured in this space."""
        quality = f"; {self.quality}" if self.quality else ""
        return f"{self.name}; {self.dimensions} features; resize: {self.resize}{quality}"

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next((p.device for p in self.network.parameters()), torch.device("cpu"))

    def to(self, device: torch.device | str) -> "FeatureSpace":
        """Move the network to a device, and return this space."""
        self.network.to(device)
        return self

    def check_takes(self, spec: DataSpec, what: str = "these data") -> None:
        """Make sure that examples have the shape that the network takes.

        Raises:
            UserError: if they have another.
        """
        if spec.shape != self.shape:
            raise UserError(
                f"{self.name} takes examples of shape {self.shape}, but {what} have {spec.shape}: "
                "name a feature space of their shape (vaekit features DATA makes one)"
            )

    @torch.no_grad()
    def features(self, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B F"]:
        """φ(x) of a batch.

        Args:
            x: (B, *shape), in [0, 1].

        Raises:
            UserError: examples of another shape.
        """
        self.check_takes(DataSpec(tuple(x.shape[1:]), None), "these examples")
        return self.network(x.to(self.device))

    def features_of(self, batches: Examples | Iterable[Float[Tensor, "_ *E"]]) -> Float[Tensor, "N F"]:
        """φ(x) of many examples, on the processor.

        Args:
            batches: a split, read in order, or batches (B, *shape), in [0, 1].

        Raises:
            UserError: examples of another shape, or none at all.
        """
        chunks = (x for _, x, _ in batches.in_order(AT_ONCE)) if isinstance(batches, Examples) else batches
        found = [self.features(x).cpu() for x in chunks]
        if not found:
            raise UserError(f"{self.name}: there are no examples to take features of")
        return torch.cat(found)


def pixels(shape: tuple[int, ...]) -> FeatureSpace:
    """The space of the examples as they are, flattened.

    Example:
        >>> space = pixels((1, 2, 2))
        >>> space.features(torch.full((1, 1, 2, 2), 0.5)).tolist(), space.name
        ([[0.5, 0.5, 0.5, 0.5]], 'pixels')
    """
    network = nn.Flatten()
    digest = digest_of(network, f"pixels {shape}")
    return FeatureSpace("pixels", "pixels", digest, "none", DataSpec(shape, None).dimensions, shape, network)


def digest_of(network: nn.Module, architecture: str) -> str:
    """SHA-256 in hexadecimal over what a network is and every number in it.

    Args:
        network: whose state_dict is hashed.
        architecture: in words; two networks of other structure have other ones.

    Example:
        >>> a, b = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> _ = b.load_state_dict(a.state_dict())
        >>> digest_of(a, "line") == digest_of(b, "line"), digest_of(a, "line") == digest_of(a, "curve")
        (True, False)
    """
    digest = hashlib.sha256(architecture.encode())
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
