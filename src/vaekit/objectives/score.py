"""Bounds of latents whose draws have no slope: the score function with leave-one-out baselines, and VIMCO."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.estimators import leave_one_out, score_function, vimco
from vaekit.objectives.algebra import Term
from vaekit.objectives.bounds import first_draws


@final
@dataclass(frozen=True)
class ScoreELBO(Term):
    """−(1/K) Σ_k log w_k, nats per example, with the score-function gradient of each draw against the others.

    ∇ = −(1/K) Σ_k [∇ log w_k + (log w_k − (1/(K−1)) Σ_{j≠k} log w_j) ∇ log q(z_k | x)].

    Args:
        samples: K ≥ 2.

    Source: Mnih & Gregor 2014, https://arxiv.org/abs/1402.0030, equation 6; the baseline: Kool et al. 2019, Buy 4
    REINFORCE samples, get a baseline for free, equation 8.
    """

    samples: int

    def __post_init__(self) -> None:
        _several(self.samples)

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "negative_elbo"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def own_gradient(self) -> bool:
        """No: draws of bits have no slope, and another estimate of the same mean stands in for it."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K draws."""
        return (self.samples,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the mean log-weight of the first K draws.

        Raises:
            CapabilityError: for latents whose draws have a slope.
        """
        log_weight = first_draws(trace.log_weight(), self.samples)
        log_q = first_draws(log_q_without_slope(trace), self.samples)
        return -score_function(log_weight, log_q, leave_one_out(log_weight)).mean(0)


@final
@dataclass(frozen=True)
class VIMCO(Term):
    """−log (1/K) Σ_k w_k, nats per example, with the VIMCO gradient.

    Args:
        samples: K ≥ 2.

    Source: Mnih & Rezende 2016, https://arxiv.org/abs/1602.06725, equations 5–8.
    """

    samples: int

    def __post_init__(self) -> None:
        _several(self.samples)

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "vimco"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def own_gradient(self) -> bool:
        """No: draws of bits have no slope, and another estimate of the same mean stands in for it."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K draws."""
        return (self.samples,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the bound of the first K draws.

        Raises:
            CapabilityError: for latents whose draws have a slope.
        """
        log_weight = first_draws(trace.log_weight(), self.samples)
        return -vimco(log_weight, first_draws(log_q_without_slope(trace), self.samples))


def log_q_without_slope(trace: Trace) -> Float[Tensor, "*S B"]:
    """Σ over sites of log q(z | x), nats, of draws that depend on no parameter.

    Raises:
        CapabilityError: for draws that do: their gradient would be counted twice.
    """
    for site in trace.sites:
        if site.z.requires_grad:
            raise CapabilityError(
                f"the score function is for draws without a slope, and those of site {site.name} have one: "
                "use --recipe vae or iwae, which follow it"
            )
    return torch.stack([site.log_q for site in trace.sites]).sum(0)


def _several(samples: int) -> None:
    if samples < 2:
        raise UserError(f"each draw is compared with the others: samples must be at least 2, got {samples}")
