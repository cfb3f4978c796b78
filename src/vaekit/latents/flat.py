"""One latent vector."""

from collections.abc import Mapping, Sequence
from typing import cast, final

from torch import Tensor

from vaekit.core import Choose, Latents, Prior


@final
class Flat(Latents):
    """A single site "z", whose value the decoder sees.

    Args:
        latents: d, dimensions of z.
        prior: p(z).

    Example:
        >>> from vaekit.priors import StandardNormal
        >>> Flat(4, StandardNormal(4)).sites
        {'z': 4}
    """

    def __init__(self, latents: int, prior: Prior) -> None:
        super().__init__()
        self.latents = latents
        self.prior = prior

    @property
    def sites(self) -> Mapping[str, int]:
        """{"z": d}."""
        return {"z": self.latents}

    @property
    def state_features(self) -> Mapping[str, int]:
        """The site has nothing above it."""
        return {"z": 0}

    @property
    def out_features(self) -> int:
        """The decoder sees z: d features."""
        return self.latents

    @property
    def top(self) -> Prior:
        """p(z)."""
        return cast(Prior, self.prior)

    def replace_top(self, prior: Prior) -> None:
        """Put another p(z)."""
        self.prior = prior

    def forward(self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None) -> Tensor:
        """Return z, (*S, B, d)."""
        return choose("z", self.prior(context), None)
