"""The mass that a normal distribution puts on the cells of quantised data."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.special import log_ndtr

from vaekit.distributions.levels import cell_edges, is_highest, is_lowest
from vaekit.distributions.numerics import log1mexp


def normal_log_cell_mass(
    x: Float[Tensor, "..."], mean: Float[Tensor, "..."], std: Float[Tensor, "..."], levels: int
) -> Float[Tensor, "..."]:
    """Compute log[Φ(b) − Φ(a)], the log mass of the cell [a, b] of x in units of std.

    With t = |x − μ|/σ and h = ½/((L−1)σ) the mass of an inner cell is Φ(h − t) − Φ(−h − t) by symmetry, a
    difference in the lower tail, where logarithms keep their digits: log Φ(h−t) + log(1 − e^{−d}),
    d = log Φ(h−t) − log Φ(−h−t). The outermost cells reach to ±∞ and need one Φ each. Computed in float64
    where the device has it; gradients keep four digits up to 10⁶ standard deviations from the mean, the reach
    of torch's derivative of log Φ.

    Args:
        x: values on the grid k/(L−1), broadcast against `mean` and `std`; no gradient flows to them.
        mean: μ, in the units of x.
        std: σ > 0, in the units of x.
        levels: L ≥ 2.

    Returns:
        Nats, unsummed, in the widest of the arguments' types, float32 at least.

    Raises:
        UserError: fewer than two levels.

    Source: Salimans et al. 2017 (PixelCNN++), eq. 2, with Φ in the place of the logistic function.

    Example:
        >>> x, mean, std = torch.tensor([0.0, 0.5, 1.0]), torch.tensor(0.5), torch.tensor(0.1)
        >>> normal_log_cell_mass(x, mean, std, levels=3).exp()
        tensor([0.0062, 0.9876, 0.0062])
    """
    result_type = torch.promote_types(torch.promote_types(x.dtype, mean.dtype), std.dtype)
    # Apple's devices have no float64.
    work_type = torch.float32 if x.device.type == "mps" else torch.float64
    x, mean, std = x.to(work_type), mean.to(work_type), std.to(work_type)
    lower, upper = cell_edges(x, levels)
    lowest, highest = is_lowest(x, levels), is_highest(x, levels)

    t = ((lower + upper) / 2 - mean).abs() / std
    h = 0.5 / ((levels - 1) * std)
    log_upper, log_lower = log_ndtr(h - t), log_ndtr(-h - t)
    inner = log_upper + log1mexp(log_upper - log_lower)
    outer = log_ndtr(torch.where(lowest, upper - mean, mean - lower) / std)
    return torch.where(lowest | highest, outer, inner).to(torch.promote_types(result_type, torch.float32))
