"""How far the covariance of a batch's codes is from the identity."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from vaekit.core import Trace
from vaekit.distributions import Flow
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives.algebra import Term

CovarianceOf = Literal["means", "codes"]


@final
@dataclass(frozen=True)
class CovariancePenalty(Term):
    """λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² with C a covariance over the batch, of the top site; no nats.

    C is Cov_x[μ(x)] of the means ("means", DIP-VAE I), or that of the codes, E_x[Σ(x)] + Cov_x[μ(x)] ("codes",
    DIP-VAE II). The covariance is centred over the batch and divides by B, so that "codes" is exactly the covariance
    of z ~ q(z | x) with x drawn from the batch. The term is not per-example, and its value is the same for each.

    Args:
        off_diagonal: λ_od ≥ 0.
        diagonal: λ_d ≥ 0.
        of: "means" or "codes".

    Source: Kumar et al. 2018, https://arxiv.org/abs/1711.00848, equations 6 (means) and 7 (codes).

    Example:
        >>> means = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])  # C is all ones
        >>> CovariancePenalty(10.0, 100.0).penalty(covariance(means)).item()
        20.0
    """

    off_diagonal: float
    diagonal: float
    of: CovarianceOf = "means"

    def __post_init__(self) -> None:
        if not (self.off_diagonal >= 0 and self.diagonal >= 0):
            raise UserError(
                f"the weights of a covariance are at least 0, got {self.off_diagonal} and {self.diagonal}"
            )

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "covariance"

    @property
    def per_example(self) -> bool:
        """No: a covariance is one over the batch."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the same number for every example."""
        q = trace.sites[0].posterior
        found = covariance(q.mean)
        if self.of == "codes":
            found = found + _mean_covariance(q)
        return self.penalty(found).expand(trace.x.shape[0])

    def penalty(self, found: Float[Tensor, "d d"]) -> Float[Tensor, ""]:
        """λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)²."""
        variances = found.diagonal()
        off = found - variances.diag_embed()
        return self.off_diagonal * off.square().sum() + self.diagonal * (variances - 1).square().sum()


def covariance(z: Float[Tensor, "B d"]) -> Float[Tensor, "d d"]:
    """(1/B) Σ_i (z_i − z̄)(z_i − z̄)ᵀ, z̄ the mean over the batch.

    Example:
        >>> covariance(torch.tensor([[0.0], [2.0]]))
        tensor([[1.]])
    """
    centred = z - z.mean(0)
    return centred.T @ centred / z.shape[0]


def _mean_covariance(q: Distribution) -> Float[Tensor, "d d"]:
    """E_x Cov[z | x]: of a full covariance as it is, else of dimensions that are independent given x."""
    if isinstance(q, MultivariateNormal):
        return q.covariance_matrix.mean(0)
    if isinstance(q, Flow):
        raise CapabilityError(
            "the covariance of codes needs that of each posterior, which a flow has not in closed form: use "
            "--posterior diagonal or full_covariance, or --recipe dip_vae_i"
        )
    return torch.diag(q.variance.mean(0))
