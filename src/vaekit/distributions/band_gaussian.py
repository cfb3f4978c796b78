"""A Gaussian over images whose errors are independent in an orthonormal basis, not pixel by pixel."""

import math
from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from vaekit.distributions.orthonormal import Basis


@final
class BandGaussian(Distribution):
    """N(mean, Tᵀ diag(variance) T) with T orthonormal: coefficients T(x − mean) are independent.

    log p(x) = −½ Σ_k [ (T(x − mean))²_k / v_k + ln 2πv_k ], since |det T| = 1.

    Args:
        mean: (*batch, C, H, W).
        variance: v of each coefficient, (C, H, W).
        basis: T.

    Example:
        >>> from vaekit.distributions.orthonormal import dct_basis
        >>> d = BandGaussian(torch.zeros(5, 1, 4, 4), torch.ones(1, 4, 4), dct_basis((1, 4, 4)))
        >>> d.log_prob(torch.zeros(5, 1, 4, 4)).shape
        torch.Size([5])
    """

    has_rsample = True

    def __init__(
        self, mean: Float[Tensor, "*batch C H W"], variance: Float[Tensor, "C H W"], basis: Basis
    ) -> None:
        self._mean = mean
        self.variances = variance
        self.basis = basis
        super().__init__(mean.shape[:-3], mean.shape[-3:], validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """Variances are positive."""
        return {"variances": constraints.positive}

    @property
    def support(self) -> constraints.Constraint:
        """Images of real numbers."""
        return constraints.independent(constraints.real, 3)

    @property
    def mean(self) -> Tensor:
        """The mean image, (*batch, C, H, W)."""
        return self._mean

    @property
    def variance(self) -> Tensor:
        """Var of each pixel, (*batch, C, H, W): Σ_k v_k T²_k,pixel, as T is separable."""
        squared = Basis(
            self.basis.channels.square(),
            self.basis.rows.square(),
            self.basis.columns.square(),
            self.basis.bands,
        )
        return squared.inverse(self.variances).expand(self._mean.shape)

    def expand(self, batch_shape: Sequence[int], _instance: None = None) -> "BandGaussian":
        """The same with a larger batch shape."""
        return BandGaussian(self._mean.expand(*batch_shape, *self.event_shape), self.variances, self.basis)

    def log_prob(self, value: Float[Tensor, "*batch C H W"]) -> Float[Tensor, "..."]:
        """Nats per image; value and mean broadcast."""
        error = self.basis(value - self._mean)
        constant = (self.variances.log() + math.log(2 * math.pi)).sum()
        return -0.5 * ((error.square() / self.variances).flatten(-3).sum(-1) + constant)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw x = mean + Tᵀ(√v ε)."""
        epsilon = torch.randn(
            self._extended_shape(Size(sample_shape)), dtype=self._mean.dtype, device=self._mean.device
        )
        return self._mean + self.basis.inverse(self.variances.sqrt() * epsilon)
