"""How far the codes of a batch are from the prior along random lines: the sliced Wasserstein distance."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.noise import Noise, draw
from vaekit.objectives.algebra import Term


@final
@dataclass(frozen=True)
class SlicedWasserstein(Term):
    """E_θ W₂²(θᵀq(z), θᵀp(z)) of the top site over random directions θ; no nats, but squared units of z.

    On a line W₂² is the mean squared difference of quantiles: codes are projected, sorted and compared with the
    prior's quantiles at (i − ½)/B, exact for a Gaussian prior, else those of B draws of it. In a finite batch it is
    above 0 even where q(z) = p(z). The term is not per-example, and its value is the same for each.

    Args:
        repeats: P; there are as many directions as P times the examples of a batch, drawn anew each time.

    Source: Kolouri et al. 2018, https://arxiv.org/abs/1804.01947, equations 9 and 14.

    Example:
        >>> from vaekit.objectives import SquaredError
        >>> (SquaredError() + 10.0 * SlicedWasserstein()).per_example
        False
    """

    repeats: int = 1

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise UserError(f"a sliced distance needs at least one set of directions, got {self.repeats}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "sliced_wasserstein"

    @property
    def per_example(self) -> bool:
        """No: it sorts the examples of a batch."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the same number for every example, averaged over draws."""
        top = trace.sites[0]
        batch, d = top.z.shape[-2:]
        noise = trace.noise or Noise.fresh(batch)
        normals = noise.normal(f"{top.name}/directions", (self.repeats, batch, d), 1, top.z)
        directions = torch.nn.functional.normalize(normals.flatten(0, 1), dim=-1).T
        wanted = _quantiles(top.prior, directions, batch, noise, f"{top.name}/prior")
        found = (top.z @ directions).sort(-2).values
        return (found - wanted).square().mean().expand(batch)


def _quantiles(
    prior: Distribution, directions: Float[Tensor, "d P"], batch: int, noise: Noise, name: str
) -> Float[Tensor, "B P"]:
    """The prior's quantiles along each direction: exact where it is Gaussian, else of draws."""
    spread = _projected_deviation(prior, directions)
    if spread is None or prior.batch_shape:
        draws = draw(prior, (batch,), noise, name)
        return (draws @ directions).sort(0).values
    levels = (torch.arange(batch, device=directions.device, dtype=directions.dtype) + 0.5) / batch
    return prior.mean @ directions + torch.special.ndtri(levels)[:, None] * spread


def _projected_deviation(prior: Distribution, directions: Float[Tensor, "d P"]) -> Tensor | None:
    """√(θᵀΣθ) of each direction for a Gaussian, (P,); None for anything else."""
    if isinstance(prior, MultivariateNormal):
        return (prior.scale_tril.mT @ directions).norm(dim=0)
    if isinstance(prior, Independent) and isinstance(prior.base_dist, Normal):
        return (prior.stddev[:, None] * directions).norm(dim=0) if not prior.batch_shape else None
    return None
