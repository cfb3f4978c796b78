"""Multi-sample bounds."""

import math
from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.objectives.algebra import Term
from vaekit.shapes import mean_over_samples


def iwae_bound(log_weight: Float[Tensor, "K *B"]) -> Float[Tensor, "*B"]:
    """log (1/K) Σ_k w_k, the importance-weighted lower bound of log p(x), nats per example.

    Args:
        log_weight: log p(x, z_k) − log q(z_k | x), (K, *B).

    Source: Burda et al. 2016, https://arxiv.org/abs/1509.00519, equation 8.

    Example:
        >>> import torch
        >>> iwae_bound(torch.tensor([[0.0], [0.0]]))
        tensor([0.])
    """
    return log_weight.logsumexp(0) - math.log(log_weight.shape[0])


def renyi_bound(log_weight: Float[Tensor, "K B"], alpha: float) -> Float[Tensor, " B"]:
    """1/(1−α) log (1/K) Σ_k w_k^{1−α}, the variational Rényi bound, nats per example.

    α = 0 is the importance-weighted bound, α → 1 the ELBO, α = −∞ the largest log w_k. For α ≥ 0 its mean lies
    below log p(x); for α < 0 it estimates from below a quantity that lies above.

    Args:
        log_weight: log p(x, z_k) − log q(z_k | x), (K, B).
        alpha: α, any number, or −∞.

    Source: Li & Turner 2016, https://arxiv.org/abs/1602.02311, equation 13; −∞: VR-max, section 4.2.

    Example:
        >>> import torch
        >>> log_weight = torch.tensor([[0.0], [2.0]])
        >>> [round(renyi_bound(log_weight, alpha).item(), 4) for alpha in (1.0, 0.0, -math.inf)]
        [1.0, 1.4338, 2.0]
    """
    if alpha == 1:
        return log_weight.mean(0)
    if alpha == -math.inf:
        return log_weight.amax(0)
    return iwae_bound((1 - alpha) * log_weight) / (1 - alpha)


@final
@dataclass(frozen=True)
class IWAE(Term):
    """−(1/M) Σ_m log (1/K) Σ_k w_mk, nats per example; K = 1 is the Monte-Carlo negative ELBO.

    Args:
        samples: K ≥ 1, draws inside the logarithm.
        groups: M ≥ 1, bounds of K draws each that are averaged.

    Source: Burda et al. 2016, https://arxiv.org/abs/1509.00519, equation 8; with M > 1 the MIWAE of Rainforth et
    al. 2018, https://arxiv.org/abs/1802.04537, equation 13.
    """

    samples: int
    groups: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1 or self.groups < 1:
            raise UserError(
                f"importance weighting needs at least one sample, got {self.samples}, in at least one group, got "
                f"{self.groups}"
            )

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "iwae" if self.samples > 1 else "negative_elbo"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K·M draws."""
        return (self.samples * self.groups,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the bound of the first K·M draws; a sum of terms may have asked for more."""
        log_weight = first_draws(trace.log_weight(), self.samples * self.groups)
        return -mean_over_samples(iwae_bound(log_weight.unflatten(0, (self.samples, self.groups))))


@final
@dataclass(frozen=True)
class Renyi(Term):
    """−1/(1−α) log (1/K) Σ_k w_k^{1−α}, nats per example.

    Args:
        alpha: α; 0 is the importance-weighted bound, 1 the ELBO, −∞ the best of the K draws.
        samples: K ≥ 1.

    Source: Li & Turner 2016, https://arxiv.org/abs/1602.02311, equation 13.
    """

    alpha: float
    samples: int

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"a Rényi bound needs at least one sample, got {self.samples}")
        if math.isnan(self.alpha) or self.alpha == math.inf:
            raise UserError(f"alpha of a Rényi bound is a number or -inf, got {self.alpha}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "renyi"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K draws."""
        return (self.samples,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the bound of the first K draws."""
        return -renyi_bound(first_draws(trace.log_weight(), self.samples), self.alpha)


def first_draws(values: Float[Tensor, "*S B"], count: int) -> Float[Tensor, "K B"]:
    """The first draws of each example, their dimensions made one.

    Example:
        >>> import torch
        >>> first_draws(torch.zeros(2, 3, 4), 5).shape
        torch.Size([5, 4])
    """
    return values.reshape(-1, values.shape[-1])[:count]
