"""What is measured: a model, a split, and, where they are at hand, the data it belongs to."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.data.content import fingerprint
from vaekit.data.records import Data, Split
from vaekit.spec import DataSpec


@final
@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the split that it is measured on.

    Args:
        vae: in evaluation mode.
        examples: the split, on the model's device.
        spec: of the data.
        split: its name.
        data: all splits, with labels and factors; None where only the examples are at hand.
    """

    vae: VAE
    examples: Examples
    spec: DataSpec
    split: str = "test"
    data: Data | None = None

    @property
    def seed(self) -> int:
        """Of all draws."""
        return self.examples.seed

    @cached_property
    def train(self) -> Examples | None:
        """The training split as it is stored, where it is at hand."""
        return None if self.data is None else self.of("train")

    def of(self, split: str) -> Examples:
        """A split on the model's device, not mirrored."""
        if self.data is None:
            raise ValueError("only one split is at hand")
        return Examples.of(self.data, split, self.vae.device, self.seed)

    def held(self, split: str) -> Split | None:
        """A split as it is stored, with labels and names, where it is at hand."""
        return None if self.data is None else self.data.split(split)

    @cached_property
    def key(self) -> str:
        """Tells this model on these data from all others; "" where the data are not at hand."""
        if self.data is None:
            return ""
        facts = f"{self.split} {self.seed} {self.spec} {self.vae.device.type} {fingerprint(self.data)}"
        return hashlib.sha256(f"{facts} {model_digest(self.vae)}".encode()).hexdigest()[:16]


def model_digest(vae: VAE) -> str:
    """A SHA-256 in hexadecimal over the parts of a model and every number in them.

    Example:
        >>> from vaekit import DataSpec, build_recipe
        >>> model = build_recipe("vae", DataSpec((6,), None), latents=2).model
        >>> before = model_digest(model)
        >>> model.decoder.get_parameter(next(n for n, _ in model.decoder.named_parameters())).data += 1
        >>> before == model_digest(model)
        False
    """
    digest = hashlib.sha256(repr(vae).encode())
    for name, tensor in vae.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
