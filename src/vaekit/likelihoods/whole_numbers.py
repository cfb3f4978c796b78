"""Likelihoods of counts, and of levels with a probability of their own each."""

from typing import final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.bounded import softly_bounded
from vaekit.core import Likelihood, Measure
from vaekit.distributions import Levels, NegativeBinomial, Poisson
from vaekit.errors import CapabilityError
from vaekit.likelihoods.gaussian import LearnedScale
from vaekit.spec import DataSpec

LOWEST_LOG_MEAN, HIGHEST_LOG_MEAN = -16.0, 16.0
"""Bounds of the logarithm of a mean count: 10⁻⁷ and 9 million."""
MOST_LEVELS = 256


@final
class PoissonLikelihood(Likelihood):
    """p(x | h) = Π_d Poisson(x_d; e^{h_d}), for tables of whole numbers.

    Args:
        spec: of the data.

    Raises:
        CapabilityError: if the data are known to be anything but whole numbers of at least 0, stored as floats.

    Example:
        >>> PoissonLikelihood(DataSpec((2,), None))(torch.zeros(1, 2)).log_prob(torch.zeros(1, 2))
        tensor([-2.])
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        _check_counts(spec)
        self.event_ndim = len(spec.shape)

    @property
    def measure(self) -> Measure:
        """A mass."""
        return "mass"

    @property
    def parameters_per_value(self) -> int:
        """One output, the logarithm of the mean."""
        return 1

    def forward(self, h: Tensor) -> Independent:
        """Return Poisson counts of mean e^h."""
        return Independent(Poisson(log_mean_of(h)), self.event_ndim, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        """The mean."""
        return distribution.mean


@final
class NegativeBinomialLikelihood(Likelihood):
    """p(x | h) = Π_d NB(x_d; mean e^{h_d}, variance λ + λ²/r_d), r_d learned for each dimension.

    Args:
        spec: of the data.

    Raises:
        CapabilityError: if the data are known to be anything but whole numbers of at least 0, stored as floats.

    Source: Lopez et al. 2018, Deep generative modeling for single-cell transcriptomics,
    https://doi.org/10.1038/s41592-018-0229-2, without its zero inflation and library size.

    Example:
        >>> p = NegativeBinomialLikelihood(DataSpec((2,), None))(torch.zeros(1, 2))
        >>> p.log_prob(torch.zeros(1, 2)).shape
        torch.Size([1])
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        _check_counts(spec)
        self.event_ndim = len(spec.shape)
        self.concentration = LearnedScale(1.0, spec.shape)

    @property
    def measure(self) -> Measure:
        """A mass."""
        return "mass"

    @property
    def parameters_per_value(self) -> int:
        """One output, the logarithm of the mean."""
        return 1

    def forward(self, h: Tensor) -> Independent:
        """Return negative binomial counts of mean e^h."""
        base = NegativeBinomial(log_mean_of(h), self.concentration())
        return Independent(base, self.event_ndim, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        """The mean."""
        return distribution.mean


@final
class CategoricalLikelihood(Likelihood):
    """p(x = k/(L−1) | h) = softmax(h)_k for each value: L outputs, and no notion that levels have an order.

    Args:
        spec: of the data; must have at most 256 levels.

    Raises:
        CapabilityError: if the data are floats, or have more levels.

    Source: van den Oord et al. 2016 (PixelRNN), https://arxiv.org/abs/1601.06759, section 3.3, each value by itself.

    Example:
        >>> CategoricalLikelihood(DataSpec((1, 2, 2), 17))(torch.zeros(5, 17, 2, 2)).mean[0, 0, 0]
        tensor([0.5000, 0.5000])
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        if spec.levels is None:
            raise CapabilityError(
                "a categorical likelihood needs data with levels, these are floats: use --likelihood gaussian, or "
                "say the number of levels with --levels"
            )
        if spec.levels > MOST_LEVELS:
            raise CapabilityError(
                f"a categorical likelihood takes at most {MOST_LEVELS} levels, these data have {spec.levels}: use "
                "--likelihood logistic_mixture"
            )
        self.levels = spec.levels
        self.event_ndim = len(spec.shape)

    @property
    def measure(self) -> Measure:
        """A mass."""
        return "mass"

    @property
    def parameters_per_value(self) -> int:
        """A logit for each level."""
        return self.levels

    def forward(self, h: Tensor) -> Independent:
        """Return the softmax over levels."""
        logits = torch.stack(h.chunk(self.levels, h.ndim - self.event_ndim), -1)
        return Independent(Levels(logits), self.event_ndim, validate_args=False)

    def centre(self, distribution: Distribution) -> Tensor:
        """The mean level."""
        return distribution.mean


def log_mean_of(h: Tensor) -> Tensor:
    """The logarithm of a mean count, softly bounded."""
    return softly_bounded(h, LOWEST_LOG_MEAN, HIGHEST_LOG_MEAN)


def _check_counts(spec: DataSpec) -> None:
    if spec.levels is not None or spec.is_image:
        have = "have levels" if spec.levels is not None else "are images"
        raise CapabilityError(
            f"a likelihood of counts takes tables of whole numbers stored as floats, these data {have}: use "
            "--likelihood categorical for few levels, else --likelihood gaussian"
        )
    if spec.whole is False:
        raise CapabilityError(
            "a likelihood of counts takes whole numbers of at least 0, these data hold others: use "
            "--likelihood gaussian, or --columns where only some columns are counts"
        )
