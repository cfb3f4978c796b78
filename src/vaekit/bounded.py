"""A soft bound for log standard deviations, so that no exponential overflows and no gradient dies."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

LOWEST, HIGHEST = -8.0, 4.0
"""Bounds of log σ: e⁻⁸ = 0.0003 and e⁴ = 55 prior standard deviations."""


def softly_bounded(
    log_std: Float[Tensor, "*shape"], low: float = LOWEST, high: float = HIGHEST
) -> Float[Tensor, "*shape"]:
    """Map the real line smoothly and monotonically into (low, high), near the identity in between.

    y = low + ζ(high − low − ζ(high − x)) with ζ the softplus, which may pass the bound above by
    ln(1 + e^{low−high}): 6·10⁻⁶ by default.

    Args:
        log_std: unbounded network output.
        low: the bound below.
        high: the bound above.

    Example:
        >>> import torch
        >>> y = softly_bounded(torch.tensor([-100.0, 0.0, 100.0]))
        >>> [round(v, 2) for v in y.tolist()]
        [-8.0, -0.02, 4.0]
    """
    return low + softplus(high - softplus(high - log_std) - low)
