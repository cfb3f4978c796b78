"""Errors of a reconstruction as eyes or networks see it: structure, and features. Neither is a likelihood of x."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.distributions import Dirac
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives.algebra import Term
from vaekit.objectives.similarity import WINDOW, ms_ssim
from vaekit.shapes import mean_over_samples


@final
@dataclass(frozen=True)
class Dissimilarity(Term):
    """1 − MS-SSIM(x, x̂), between 0 and 1 for each image; no likelihood.

    Args:
        window: odd side of the window through which images are seen.

    Raises:
        UserError: unless the window is odd and has at least 3 pixels.

    Source: Snell et al. 2017, Learning to generate images with perceptual similarity metrics,
    https://arxiv.org/abs/1511.06409, section 3.
    """

    window: int = WINDOW

    def __post_init__(self) -> None:
        if self.window < 3 or self.window % 2 == 0:
            raise UserError(f"the window of SSIM has an odd side of at least 3 pixels, got {self.window}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "dissimilarity"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return 1 − MS-SSIM, averaged over draws."""
        seen = trace.likelihood.mean
        x = trace.x.expand(seen.shape)
        lead = seen.ndim - 3
        alike = ms_ssim(x.flatten(0, lead - 1), seen.flatten(0, lead - 1), self.window).values
        return mean_over_samples((1 - alike).reshape(seen.shape[:lead]))


@final
@dataclass(frozen=True)
class FeatureError(Term):
    """Σ_l ‖φ_l(x) − φ_l(x̂)‖² / 2n_l, φ_l the l-th map of a network that the likelihood holds and n_l its size.

    Source: Hou et al. 2017, Deep feature consistent variational autoencoder, https://arxiv.org/abs/1610.00291,
    equation 2.
    """

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "feature_error"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the sum over maps, averaged over draws; its gradient goes through the network to x̂.

        Raises:
            CapabilityError: for a likelihood that holds no network.
        """
        view = trace.likelihood.view if isinstance(trace.likelihood, Dirac) else None
        if view is None:
            raise CapabilityError("features are compared by a network, and this likelihood holds none")
        shown = trace.likelihood.mean
        lead = shown.shape[: shown.ndim - trace.x.ndim + 1]
        made = view(shown.reshape(-1, *trace.x.shape[1:]))
        errors = [
            (own - other.reshape(*lead, *own.shape[1:])).square().flatten(len(lead)).mean(-1) / 2
            for own, other in zip(view(trace.x), made, strict=True)
        ]
        return mean_over_samples(torch.stack(errors).sum(0))
