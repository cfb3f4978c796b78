"""Likelihoods with heavier tails than a Gaussian's: one value far off does not draw the whole fit to itself."""

import math
from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.core import Solvable
from vaekit.distributions import HyperbolicSecant, Laplace, StudentT
from vaekit.errors import UserError
from vaekit.likelihoods.around_mean import DensityAroundMean
from vaekit.likelihoods.gaussian import FixedScale, LearnedScale, Scale, Squash, squashed
from vaekit.shapes import mean_over_samples
from vaekit.spec import DataSpec

FREEDOM = 4.0
"""ν from which degrees of freedom are learned: Lange, Little & Taylor 1989 fix it there where data are few."""


@final
class LaplaceLikelihood(DensityAroundMean):
    """p(x | h) = Laplace(mean(h), b), log p = −‖x − x̂‖₁/b − D ln 2b.

    Args:
        shape: of one example.
        scale: b.
        squash: range of the mean: "sigmoid" for data in [0, 1], else "identity".

    Example:
        >>> from vaekit.likelihoods import FixedScale
        >>> p = LaplaceLikelihood((2,), FixedScale(0.5))(torch.zeros(1, 2))
        >>> p.log_prob(torch.tensor([[0.0, 1.0]]))
        tensor([-2.])
    """

    def __init__(self, shape: Sequence[int], scale: Scale, squash: Squash = "identity") -> None:
        super().__init__()
        self.event_ndim = len(shape)
        self.scale = scale
        self.squash: Squash = squash

    def forward(self, h: Tensor) -> Independent:
        """Return Laplace(mean(h), b)."""
        base = Laplace(squashed(h, self.squash), self.scale())
        return Independent(base, self.event_ndim, validate_args=False)


@final
class SolvedLaplace(DensityAroundMean, Solvable):
    """A Laplace density whose one b is the mean absolute error, solved in closed form.

    b = E‖x − x̂‖₁ / D maximises the expected log-likelihood for given means. Like the σ² of `SolvedGaussian` it is a
    buffer, moved between steps and solved on validation for each checkpoint.

    Args:
        spec: of the data; gives the starting b and the floor 1/(4(L−1)), the mean absolute error of rounding.
        squash: range of the mean: "sigmoid" for data in [0, 1], else "identity".
        memory: ρ of the running mean b ← ρb + (1−ρ)·error.

    Source: the argument of Rybkin et al. 2021, https://arxiv.org/abs/2006.13202, equation 6, for absolute errors.

    Example:
        >>> likelihood = SolvedLaplace(DataSpec((1, 8, 8), levels=17, variance=0.1))
        >>> likelihood.solve(torch.tensor(0.05))
        >>> round(likelihood.scale.item(), 4)
        0.05
    """

    scale: Tensor

    def __init__(self, spec: DataSpec, squash: Squash = "identity", memory: float = 0.99) -> None:
        super().__init__()
        self.event_ndim = len(spec.shape)
        self.squash: Squash = squash
        self.memory = memory
        start = math.sqrt(spec.variance / 2)
        self.floor = 1e-3 * start if spec.levels is None else 1 / (4 * (spec.levels - 1))
        self.register_buffer("scale", torch.tensor(max(start, self.floor)))

    def forward(self, h: Tensor) -> Independent:
        """Return Laplace(mean(h), b) with the buffer's b."""
        base = Laplace(squashed(h, self.squash), self.scale.clone())
        return Independent(base, self.event_ndim, validate_args=False)

    def errors(self, distribution: Distribution, x: Tensor) -> Tensor:
        """Absolute error per dimension, averaged over samples, (B,)."""
        error = (x - distribution.mean).abs().flatten(-self.event_ndim).mean(-1)
        return mean_over_samples(error)

    def observe(self, statistic: Tensor) -> None:
        """b ← max(ρb + (1−ρ)·error, floor)."""
        self.scale.lerp_(statistic.to(self.scale.dtype), 1 - self.memory).clamp_(min=self.floor)

    def solve(self, statistic: Tensor) -> None:
        """b ← max(error, floor)."""
        self.scale.copy_(statistic).clamp_(min=self.floor)

    def solved(self) -> Mapping[str, float]:
        """{"laplace_scale": b}, in units of x."""
        return {"laplace_scale": self.scale.item()}


@final
class StudentTLikelihood(DensityAroundMean):
    """p(x | h) = Student's t around mean(h), with one scale and ν degrees of freedom.

    Args:
        shape: of one example.
        scale: s; for ν > 2 the standard deviation is s √(ν/(ν − 2)).
        squash: range of the mean: "sigmoid" for data in [0, 1], else "identity".
        freedom: ν > 1; None learns one number that starts at 4.

    Raises:
        UserError: unless ν is a number above 1.

    Source: Takahashi et al. 2018, https://doi.org/10.24963/ijcai.2018/374, with one s and ν for all values in place
    of those that a decoder gives for each; ν = 4 to start from: Lange, Little & Taylor 1989,
    https://doi.org/10.1080/01621459.1989.10478852.

    Example:
        >>> from vaekit.likelihoods import FixedScale
        >>> likelihood = StudentTLikelihood((2,), FixedScale(0.5))
        >>> round(likelihood.freedom().item(), 1)
        3.9
    """

    def __init__(
        self, shape: Sequence[int], scale: Scale, squash: Squash = "identity", freedom: float | None = None
    ) -> None:
        super().__init__()
        if freedom is not None and not (math.isfinite(freedom) and freedom > 1):
            raise UserError(
                f"degrees of freedom are a number above 1, got {freedom}; leave it out to learn it"
            )
        self.event_ndim = len(shape)
        self.scale = scale
        self.squash: Squash = squash
        self.above_one: Scale = LearnedScale(FREEDOM - 1) if freedom is None else FixedScale(freedom - 1)

    def freedom(self) -> Tensor:
        """ν, ()."""
        return 1 + self.above_one()

    def forward(self, h: Tensor) -> Independent:
        """Return t_ν(mean(h), s)."""
        base = StudentT(squashed(h, self.squash), self.scale(), self.freedom())
        return Independent(base, self.event_ndim, validate_args=False)


@final
class LogCoshLikelihood(DensityAroundMean):
    """p(x | h) ∝ Π_d cosh(a (x_d − x̂_d)/b)^{−1/a}: the log-cosh loss as a density with a scale.

    Args:
        shape: of one example.
        scale: b; far from the mean the density falls as e^{−|x − x̂|/b}.
        squash: range of the mean: "sigmoid" for data in [0, 1], else "identity".
        sharpness: a > 0; larger is nearer to Laplace, smaller to Gaussian.

    Raises:
        UserError: unless a is positive and finite.

    Source: Chen et al. 2019, https://openreview.net/forum?id=rkglvsC9Ym; the normalisation is that of sech^{1/a}.

    Example:
        >>> from vaekit.likelihoods import FixedScale
        >>> p = LogCoshLikelihood((2,), FixedScale(0.5))(torch.zeros(1, 2))
        >>> p.log_prob(torch.zeros(1, 2)).shape
        torch.Size([1])
    """

    def __init__(
        self, shape: Sequence[int], scale: Scale, squash: Squash = "identity", sharpness: float = 10.0
    ) -> None:
        super().__init__()
        if not (math.isfinite(sharpness) and sharpness > 0):
            raise UserError(f"the sharpness of log-cosh must be positive and finite, got {sharpness}")
        self.event_ndim = len(shape)
        self.scale = scale
        self.squash: Squash = squash
        self.sharpness = float(sharpness)

    def forward(self, h: Tensor) -> Independent:
        """Return the density around mean(h)."""
        base = HyperbolicSecant(squashed(h, self.squash), self.scale(), self.sharpness)
        return Independent(base, self.event_ndim, validate_args=False)
