"""The output of an autoencoder: a reconstruction, which is no distribution of x."""

from collections.abc import Sequence
from typing import final

from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import Energy, Likelihood, Measure
from vaekit.distributions import Dirac
from vaekit.likelihoods.gaussian import Squash, squashed
from vaekit.nets.frozen import Frozen


@final
class Reconstruction(Likelihood, Energy):
    """x̂(h) as a point: compared with x by an error with no σ that would make it a likelihood.

    Args:
        shape: of one example.
        squash: range of x̂: "sigmoid" for data in [0, 1], else "identity".
        view: a network by whose features x̂ is compared with x, in place of their values.

    Example:
        >>> import torch
        >>> Reconstruction((1, 8, 8))(torch.zeros(4, 1, 8, 8)).mean.shape
        torch.Size([4, 1, 8, 8])
    """

    def __init__(self, shape: Sequence[int], squash: Squash = "identity", view: Frozen | None = None) -> None:
        super().__init__()
        self.event_ndim = len(shape)
        self.squash: Squash = squash
        self.view = view

    @property
    def measure(self) -> Measure:
        """None."""
        return "none"

    @property
    def parameters_per_value(self) -> int:
        """One output."""
        return 1

    def forward(self, h: Tensor) -> Dirac:
        """Return x̂ as a point."""
        return Dirac(squashed(h, self.squash), self.event_ndim, self.view)

    def centre(self, distribution: Distribution) -> Tensor:
        """The reconstruction."""
        return distribution.mean
