"""Logarithms of small differences that several distributions share."""

from jaxtyping import Float
from torch import Tensor, expm1


def log1mexp(d: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Compute log(1 − e^{−d}) for d > 0, exact as d → 0 and within one rounding of 0 as d → ∞.

    Example:
        >>> from torch import tensor
        >>> log1mexp(tensor([1e-6, 0.6931472, 50.0]))
        tensor([-13.8155,  -0.6931,   0.0000])
    """
    return (-expm1(-d)).log()
