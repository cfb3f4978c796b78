"""The Fréchet distance of two sets of vectors, each taken for a sample of a Gaussian."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.evaluation.sets.distances import check_sets
from vaekit.evaluation.sets.groups import GROUPS, groups


@final
@dataclass(frozen=True)
class Moments:
    """What a Gaussian is fitted to, and what groups of a set add up to.

    Args:
        count: N.
        total: Σ x.
        products: Σ x xᵀ.
    """

    count: int
    total: Float[Tensor, " F"]
    products: Float[Tensor, "F F"]

    @classmethod
    def of(cls, x: Float[Tensor, "N F"]) -> "Moments":
        """Of a set."""
        return cls(len(x), x.sum(0), x.T @ x)

    def __sub__(self, part: "Moments") -> "Moments":
        """Of the set without this part."""
        return Moments(self.count - part.count, self.total - part.total, self.products - part.products)

    @property
    def mean(self) -> Float[Tensor, " F"]:
        """(1/N) Σ x."""
        return self.total / self.count

    @property
    def covariance(self) -> Float[Tensor, "F F"]:
        """(1/(N − 1)) Σ (x − mean)(x − mean)ᵀ."""
        return (self.products - self.count * torch.outer(self.mean, self.mean)) / (self.count - 1)


def frechet_distance(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> float:
    """Measure d² = ‖m_a − m_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½), the squared 2-Wasserstein distance of Gaussians.

    The Gaussians have the sets' means and covariances (of N − 1), so only these are compared: different sets
    with the same two moments are at distance 0. Samples read too far apart, by about c (1/N + 1/M): compare
    only numbers with the same N and M, and with `frechet_floor`. It is an FID only in Inception's feature space.

    Args:
        a: vectors, any float; the work is done in float64.
        b: likewise.

    Raises:
        UserError: if the vectors differ in length, or a set has fewer than two.

    Source: Dowson & Landau 1982, https://doi.org/10.1016/0047-259X(82)90077-X; between features, Heusel et al.
    2017, https://arxiv.org/abs/1706.08500.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
        >>> round(frechet_distance(x, x + 3), 6)
        18.0
    """
    check_sets(a, b, names=("first", "second"), fewest=2)
    return _between(*_centred(a, b))


def frechet_of_moments(
    mean_a: Float[Tensor, " F"],
    cov_a: Float[Tensor, "F F"],
    mean_b: Float[Tensor, " F"],
    cov_b: Float[Tensor, "F F"],
) -> float:
    """Measure the squared 2-Wasserstein distance of two Gaussians, in float64.

    tr (C_a C_b)^½ = tr (C_a^½ C_b C_a^½)^½ is the sum of the singular values of C_a^½ C_b^½: of symmetric
    roots, so that nothing is complex, and a covariance may be singular.

    Example:
        >>> one = torch.eye(2)
        >>> frechet_of_moments(torch.zeros(2), one, torch.ones(2), 4 * one)
        4.0
    """
    a, b = cov_a.double(), cov_b.double()
    cross = torch.linalg.svdvals(_root(a) @ _root(b)).sum()
    square = (mean_a.double() - mean_b.double()).square().sum()
    return max(0.0, (square + a.trace() + b.trace() - 2 * cross).item())


def frechet_floor(real: Float[Tensor, "N F"], generated: int, seed: int = 0) -> float:
    """Estimate what `frechet_distance` reads for a perfect generator, because the samples are finite.

    The distance of two random halves of the real set, times (1/N + 1/M) / (2/N + 2/N): the excess is about
    c (1/N + 1/M), whatever c may be. It is right while N/2 is several times F.

    Args:
        real: vectors of real examples.
        generated: M, how many vectors they are compared with.
        seed: of the halves.

    Raises:
        UserError: if there are fewer than four.
    """
    check_sets(real, names=("real",), fewest=4)
    first, second = groups(real.double(), 2, seed)
    halves = 1 / len(first) + 1 / len(second)
    return frechet_distance(first, second) * (1 / len(real) + 1 / generated) / halves


def frechet_error(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"], seed: int = 0) -> float:
    """Estimate the standard error of `frechet_distance` by a jackknife that leaves out a tenth of both sets.

    √((G − 1)/G Σ_g (d_g − mean d)²), G = 10; NaN where a set has fewer than 20 vectors.

    Source: Efron & Stein 1981, https://doi.org/10.1214/aos/1176345462, with groups for single examples.
    """
    if min(len(a), len(b)) < 2 * GROUPS:
        return math.nan
    a, b = _shifted(a, b)
    whole = Moments.of(a), Moments.of(b)
    parts = zip(groups(a, GROUPS, seed), groups(b, GROUPS, seed), strict=True)
    left = [_between(whole[0] - Moments.of(x), whole[1] - Moments.of(y)) for x, y in parts]
    values = torch.tensor(left, dtype=torch.float64)
    return math.sqrt((GROUPS - 1) * values.var(correction=0).item())


def frechet_note(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> str:
    """Say why the distance of sets this small is no measure of what they were drawn from, or "".

    N vectors span N − 1 directions at most: below N = F + 1 a fitted covariance is singular whatever the truth.

    Example:
        >>> frechet_note(torch.zeros(10, 64), torch.zeros(1000, 64))[:40]
        '10 vectors are fewer than the 65 that a '
    """
    fewest, needed = min(len(a), len(b)), a.shape[1] + 1
    if fewest >= needed:
        return ""
    return (
        f"{fewest} vectors are fewer than the {needed} that a covariance of {needed - 1} dimensions needs: the "
        f"Fréchet distance is mostly the error of the sample; take more, or the kernel distance, which is unbiased"
    )


def _between(a: Moments, b: Moments) -> float:
    return frechet_of_moments(a.mean, a.covariance, b.mean, b.covariance)


def _centred(a: Tensor, b: Tensor) -> tuple[Moments, Moments]:
    a, b = _shifted(a, b)
    return Moments.of(a), Moments.of(b)


def _shifted(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """In float64, around the mean of a: Σ x xᵀ − N m mᵀ loses digits where the mean is far from 0."""
    a, b = a.detach().double(), b.detach().double()
    middle = a.mean(0)
    return a - middle, b - middle


def _root(covariance: Tensor) -> Tensor:
    """The symmetric root; the root of an eigenvalue that is 0 but for rounding would be 1e-8, not 1e-16."""
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    rounding = len(values) * torch.finfo(values.dtype).eps * values[-1]
    return (vectors * values.where(values > rounding, 0.0).sqrt()) @ vectors.T
