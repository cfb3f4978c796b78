"""The logistic distribution rounded to the grid of quantised data."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.utils import broadcast_all
from torch.nn.functional import logsigmoid

from vaekit.distributions.levels import cell_edges, is_highest, is_lowest, level_index, level_values
from vaekit.distributions.numerics import log1mexp


def logistic_log_cell_mass(
    x: Float[Tensor, "..."], mean: Float[Tensor, "..."], log_scale: Float[Tensor, "..."], levels: int
) -> Float[Tensor, "..."]:
    """Compute log[σ(b) − σ(a)], the log mass of the cell of x, a and b being its edges (edge − μ)/s.

    No difference of sigmoids is taken, because
    σ(b) − σ(a) = (e^b − e^a) / ((1 + e^a)(1 + e^b)) = [e^b/(1 + e^b)] [1/(1 + e^a)] (1 − e^{a−b}), so that
    log[σ(b) − σ(a)] = log σ(b) + log σ(−a) + log(1 − e^{−w}), w = b − a = 1/((L−1)s), exactly.
    The outermost cells reach to ±∞: log σ(b) for the lowest, log σ(−a) for the highest.

    Args:
        x: values on the grid k/(L−1), broadcast against the parameters; no gradient flows to them.
        mean: μ, in the units of x.
        log_scale: log s, s in the units of x.
        levels: L ≥ 2.

    Returns:
        Nats, unsummed.

    Raises:
        UserError: fewer than two levels.

    Source: Salimans et al. 2017 (PixelCNN++), eq. 2; Kingma et al. 2016 (IAF), appendix.

    Example:
        >>> x, mean = torch.tensor([0.0, 0.5, 1.0]), torch.tensor(0.5)
        >>> logistic_log_cell_mass(x, mean, torch.tensor(-2.0), levels=3).exp()
        tensor([0.1362, 0.7276, 0.1362])
    """
    lower, upper = cell_edges(x, levels)
    lowest, highest = is_lowest(x, levels), is_highest(x, levels)
    rate = (-log_scale).exp()
    below_upper = logsigmoid((upper - mean) * rate).masked_fill(highest, 0)
    above_lower = logsigmoid((mean - lower) * rate).masked_fill(lowest, 0)
    shrinkage = torch.where(lowest | highest, 0, log1mexp(rate / (levels - 1)))
    return below_upper + above_lower + shrinkage


@final
class DiscretisedLogistic(Distribution):
    """A logistic variable rounded to the nearest of the levels k/(L−1) in [0, 1].

    P(x) = σ((x + ½/(L−1) − μ)/s) − σ((x − ½/(L−1) − μ)/s), the outermost cells reaching to ±∞;
    `log_prob` is the logarithm of this mass, not of a density.

    Args:
        mean: μ of the logistic before rounding, shape broadcast against `log_scale`; any real number.
        log_scale: log s, s in the units of x.
        levels: L ≥ 2.
        validate_args: check arguments as torch does, at the price of a host synchronisation.

    Source: Salimans et al. 2017 (PixelCNN++), eq. 2; Kingma et al. 2016 (IAF), appendix.

    Example:
        >>> pixels = DiscretisedLogistic(torch.full((2, 3), 0.5), torch.tensor(-3.0), levels=256)
        >>> pixels.batch_shape, pixels.sample((5,)).shape
        (torch.Size([2, 3]), torch.Size([5, 2, 3]))
    """

    has_rsample = False

    def __init__(
        self,
        mean: Float[Tensor, "*#batch"],
        log_scale: Float[Tensor, "*#batch"],
        levels: int,
        validate_args: bool = False,
    ) -> None:
        self.centre, self.log_scale = broadcast_all(mean, log_scale)
        self.levels = levels
        super().__init__(self.centre.shape, validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """The parameters' domains: both real."""
        return {"centre": constraints.real, "log_scale": constraints.real}

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval, which holds the grid."""
        return constraints.unit_interval

    @property
    def location(self) -> Float[Tensor, "..."]:
        """μ clamped to [0, 1]: cheap, and close to the mean where s is small."""
        return self.centre.clamp(0, 1)

    @property
    def mean(self) -> Float[Tensor, "..."]:
        """E[x] = Σ_k k/(L−1) P(k) = Σ_{k≥1} P(x ≥ k/(L−1))/(L−1), the true expectation over the levels.

        It lays out L − 1 numbers for every number it returns; `location` is the cheap approximation.
        """
        values = level_values(self.levels, self.centre.dtype, self.centre.device)
        lower, _ = cell_edges(values[1:], self.levels)
        rate = (-self.log_scale).exp()
        exceeds = torch.sigmoid((self.centre[..., None] - lower) * rate[..., None])
        return exceeds.sum(-1) / (self.levels - 1)

    def expand(self, batch_shape: Sequence[int], _instance: None = None) -> Distribution:
        """Broadcast the batch to a larger shape without copying."""
        shape = torch.Size(batch_shape)
        centre, log_scale = self.centre.expand(shape), self.log_scale.expand(shape)
        return DiscretisedLogistic(centre, log_scale, self.levels, self._validate_args)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "..."]:
        """Draw the logistic, round it to the grid and clamp it; shape (*sample_shape, *batch_shape)."""
        uniform = torch.rand(
            self._extended_shape(torch.Size(sample_shape)), dtype=self.centre.dtype, device=self.centre.device
        )
        # A uniform draw of exactly 0 would land infinitely far out; it stands for all draws up to eps.
        noise = torch.logit(uniform, eps=torch.finfo(uniform.dtype).eps)
        drawn = self.centre + self.log_scale.exp() * noise
        return level_index(drawn, self.levels) / (self.levels - 1)

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Give the log mass of the cell of `value` in nats, unsummed."""
        if self._validate_args:
            self._validate_sample(value)
        return logistic_log_cell_mass(value, self.centre, self.log_scale, self.levels)
