"""A prior that no product of Gaussians can equal, so that the KL of a mean-field posterior never falls to 0."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.errors import UserError
from vaekit.priors.gaussian import GaussianPrior

NEAREST = 1e-4
"""1 − a² at least: beyond, single precision no longer tells neighbouring dimensions apart."""


def committed_prior(latents: int, rate: float) -> GaussianPrior:
    """The Gaussian of an autoregression over the latent dimensions, z_j = a z_{j−1} + √(1 − a²) ε_j, z_1 = ε_1.

    Each dimension alone is N(0, 1). The KL of any Gaussian with a diagonal covariance to it is at least `rate`.

    Args:
        latents: d ≥ 2, dimensions of z.
        rate: δ > 0, nats; it decides a (`correlation_for`).

    Raises:
        UserError: if no a gives that rate.

    Source: Razavi et al. 2019, https://arxiv.org/abs/1901.03416, section 2.2.

    Example:
        >>> [round(variance, 5) for variance in committed_prior(3, 1.0)().variance.tolist()]
        [1.0, 1.0, 1.0]
    """
    a = correlation_for(latents, rate)
    return GaussianPrior(torch.zeros(latents), autoregressive_factor(latents, a).float())


def committed_rate(latents: int, a: float) -> float:
    """δ = ½[(d − 2) ln(1 + a²) − ln(1 − a²)]: the least KL of a diagonal Gaussian to the autoregression, nats.

    Args:
        latents: d ≥ 2.
        a: the correlation of neighbours, in [0, 1).

    Source: Razavi et al. 2019, https://arxiv.org/abs/1901.03416, section 2.2 and appendix, for one channel.

    Example:
        >>> round(committed_rate(2, 0.6), 6)  # −½ ln .64
        0.223144
    """
    return 0.5 * ((latents - 2) * math.log1p(a * a) - math.log1p(-a * a))


def correlation_for(latents: int, rate: float) -> float:
    """The a in (0, 1) whose committed rate is this one, by bisection; the rate rises with a.

    Raises:
        UserError: for fewer than two dimensions, a rate that is not positive, or one that needs a too near to 1.

    Example:
        >>> round(correlation_for(2, 0.2231435513), 6)
        0.6
    """
    if latents < 2:
        raise UserError("a committed rate comes from neighbouring latents: use --latents 2 or more")
    low, high = 0.0, math.sqrt(1 - NEAREST)
    highest = committed_rate(latents, high)
    if not 0 < rate <= highest:
        raise UserError(
            f"{latents} latents can be committed to more than 0 and at most {highest:.1f} nats, got {rate}: "
            f"lower the rate or raise --latents"
        )
    for _ in range(100):
        middle = (low + high) / 2
        if committed_rate(latents, middle) < rate:
            low = middle
        else:
            high = middle
    return high


def autoregressive_factor(latents: int, a: float) -> Float[Tensor, "d d"]:
    """The Cholesky factor of the covariance a^|i−j|: a^(i−j), but in the first column times √(1 − a²).

    Example:
        >>> factor = autoregressive_factor(3, 0.5)
        >>> (factor @ factor.T)[0]
        tensor([1.0000, 0.5000, 0.2500], dtype=torch.float64)
    """
    steps = torch.arange(latents, dtype=torch.float64)
    powers = (a ** (steps[:, None] - steps).clamp(min=0)).tril()
    powers[:, 1:] *= math.sqrt(1 - a * a)
    return powers
