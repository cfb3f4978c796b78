"""What a model file must say of a prior so that it can be built again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Module

from vaekit.core import VAE, Prior


@final
@dataclass(frozen=True)
class SavedPrior:
    """What a prior was.

    Args:
        vae: the model it will belong to, whose parts it may share.
        options: as it gave them.
        tensors: its own, by the names of its state.
    """

    vae: VAE
    options: Mapping[str, object]
    tensors: Mapping[str, Tensor]


class KeptPrior(Prior, ABC):
    """A prior of vectors that can be built again from a few options and the shapes of its own tensors."""

    @property
    def options(self) -> Mapping[str, object]:
        """What its tensors do not tell: numbers and words."""
        return {}

    @classmethod
    @abstractmethod
    def again(cls, saved: SavedPrior) -> "KeptPrior":
        """Build one like that which was saved; its tensors are loaded afterwards.

        Raises:
            KeyError: for an option or a tensor that is missing.
        """

    @abstractmethod
    def forward(self, context: Tensor | None = None) -> Distribution:
        """Return p(z), batch shape ()."""


def top_latents(vae: VAE) -> int:
    """Dimensions of the top site."""
    return next(iter(vae.latents.sites.values()))


def top_posterior(vae: VAE) -> Module:
    """The posterior of the top site."""
    return vae.posteriors[next(iter(vae.latents.sites))]
