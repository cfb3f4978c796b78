"""Kernels of whole vectors, and their exact expectations under products of mixtures of Gaussians."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.objectives.kernels import SCALES, Parts

STEP = 0.5
LOWEST, HIGHEST = math.log(1e-9), math.log(30.0)
"""Of the trapezoidal rule in `of_imq`: e^{−t C} ends the integral above, the factor t below."""


def joint_rbf(
    x: Float[Tensor, "*#batch d"], y: Float[Tensor, "*#batch d"], scales: tuple[float, ...] = SCALES
) -> Float[Tensor, "*batch"]:
    """k(x, y) = Σ_ℓ exp(−‖x − y‖² / C), C = 2 d ℓ²: Gaussian kernels of the distance.

    E ‖x − y‖² = 2d under N(0, I), so that the kernel sees such a pair at any d.

    Args:
        x: (*batch, d).
        y: likewise.
        scales: ℓ².

    Source: Tolstikhin et al. 2018, https://arxiv.org/abs/1711.01558, section 4, for σ_z² = 1.

    Example:
        >>> joint_rbf(torch.zeros(4), torch.full((4,), 2.0), scales=(2.0,))
        tensor(0.3679)
    """
    square = (x - y).square().sum(-1)
    return torch.stack([torch.exp(-square / c) for c in _constants(x.shape[-1], scales)]).sum(0)


def joint_imq(
    x: Float[Tensor, "*#batch d"], y: Float[Tensor, "*#batch d"], scales: tuple[float, ...] = SCALES
) -> Float[Tensor, "*batch"]:
    """k(x, y) = Σ_ℓ C / (C + ‖x − y‖²), C = 2 d ℓ²: inverse multiquadrics of the distance, with heavy tails.

    Args:
        x: (*batch, d).
        y: likewise.
        scales: ℓ².

    Source: Tolstikhin et al. 2018, https://arxiv.org/abs/1711.01558, section 4, for σ_z² = 1.

    Example:
        >>> joint_imq(torch.zeros(4), torch.full((4,), 2.0), scales=(2.0,))
        tensor(0.5000)
    """
    square = (x - y).square().sum(-1)
    return torch.stack([c / (c + square) for c in _constants(x.shape[-1], scales)]).sum(0)


def _constants(dimensions: int, scales: tuple[float, ...]) -> list[float]:
    return [2 * dimensions * scale for scale in scales]


@final
@dataclass(frozen=True)
class Widths:
    """A kernel as a sum of Gaussian ones: k(x, y) = Σ_r w_r exp(−t_r ‖x − y‖²).

    Args:
        weights: w.
        rates: t, of the same number.

    Example:
        >>> widths = Widths.of_imq(4, (2.0,))  # C = 16 sees ‖x − y‖² = 16 as ½
        >>> round(sum(w * math.exp(-16 * t) for w, t in zip(widths.weights, widths.rates, strict=True)), 7)
        0.5
    """

    weights: tuple[float, ...]
    rates: tuple[float, ...]

    @classmethod
    def of_rbf(cls, dimensions: int, scales: tuple[float, ...] = SCALES) -> "Widths":
        """Those of `joint_rbf`, exactly."""
        constants = _constants(dimensions, scales)
        return cls((1.0,) * len(constants), tuple(1 / c for c in constants))

    @classmethod
    def of_imq(cls, dimensions: int, scales: tuple[float, ...] = SCALES) -> "Widths":
        """Those of `joint_imq`, to 1e-8: C/(C + s) = ∫ C e^{−tC} e^{−ts} dt over t > 0.

        The trapezoidal rule in log t is as good at all distances and scales; that of Gauss and Laguerre needs ever
        more nodes for small C and far from the prior.
        """
        constants = _constants(dimensions, scales)
        start, stop = LOWEST - math.log(max(constants)), HIGHEST - math.log(min(constants))
        count = math.ceil((stop - start) / STEP) + 1
        rates = [math.exp(start + STEP * i) for i in range(count)]
        weights = [STEP * t * sum(c * math.exp(-t * c) for c in constants) for t in rates]
        return cls(tuple(weights), tuple(rates))

    def at(self, prior: Parts, z: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch"]:
        """E_{y ~ p} k(z, y) = Σ_r w_r Π_j Σ_k π_jk exp(−t (z_j − μ)² / (1 + 2tv)) / √(1 + 2tv).

        Example:
            >>> one = torch.ones(1, 1)
            >>> Widths((1.0,), (0.5,)).at(Parts(one, 0 * one, 3 * one), torch.zeros(1))
            tensor(0.5000)
        """
        square = (z.unsqueeze(-1) - prior.means).square()
        return self._expected(square, prior.variances, prior.weights.log())

    def within(self, prior: Parts) -> Float[Tensor, ""]:
        """E_{y, y' ~ p} k(y, y'): y − y' is in each dimension a mixture over all pairs of parts."""
        square = (prior.means.unsqueeze(-1) - prior.means.unsqueeze(-2)).square().flatten(-2)
        variances = (prior.variances.unsqueeze(-1) + prior.variances.unsqueeze(-2)).flatten(-2)
        log_weights = (prior.weights.unsqueeze(-1) * prior.weights.unsqueeze(-2)).flatten(-2).log()
        return self._expected(square, variances, log_weights)

    def _expected(
        self,
        square: Float[Tensor, "*batch d K"],
        variances: Float[Tensor, "d K"],
        log_weights: Float[Tensor, "d K"],
    ) -> Float[Tensor, "*batch"]:
        # In logarithms: far from the prior a product over dimensions underflows, and 0/0 would be its gradient.
        rates = _filled(self.rates, square).reshape(-1, *[1] * square.ndim)
        wide = 1 + 2 * rates * variances
        each = (log_weights - 0.5 * wide.log() - rates * square / wide).logsumexp(-1).sum(-1)
        return torch.tensordot(_filled(self.weights, square), each.exp(), dims=1)


def _filled(values: tuple[float, ...], like: Tensor) -> Float[Tensor, " n"]:
    """Numbers on the device of a tensor, without a copy from the host, which no captured step may make."""
    return torch.stack([like.new_full((), value) for value in values])
