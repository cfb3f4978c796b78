"""The two terms of the evidence lower bound."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import CapabilityError, UserError, nearest
from vaekit.objectives.algebra import Term
from vaekit.objectives.paths import path_log_q
from vaekit.shapes import mean_over_samples

KLEstimator = Literal["closed_form", "monte_carlo", "sticking_the_landing"]


@final
@dataclass(frozen=True)
class NLL(Term):
    """Distortion: −E_q log p(x | z), nats per example, summed over dimensions.

    Source: Kingma & Welling 2014, equation 3, second term.
    """

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "nll"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return −log p(x | z), averaged over draws."""
        return -mean_over_samples(trace.log_likelihood)


@final
@dataclass(frozen=True)
class KL(Term):
    """Rate: Σ over sites of KL(q(z | x) ‖ p(z)), nats per example.

    Args:
        estimator: "closed_form" where one exists (else Monte-Carlo); "monte_carlo": log q(z) − log p(z); or
            "sticking_the_landing": the same value, whose gradient goes through z alone and has no variance where q
            is the exact posterior (Roeder et al. 2017, https://arxiv.org/abs/1703.09194, equation 8).
        free_bits: λ ≥ 0 nats; each latent dimension costs max(λ, E_batch KL_j), so that λ nats are free.
            The expectation is over the batch: the term is then not per-example.
        sites: the sites to sum over, where not all; those of global latents, weighted by 1/N for instance.

    Source: Kingma & Welling 2014, equation 3, first term; free bits: Kingma et al. 2016,
    https://arxiv.org/abs/1606.04934, equation 15 with each dimension a group.
    """

    estimator: KLEstimator = "closed_form"
    free_bits: float = 0.0
    sites: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.free_bits < 0:
            raise UserError(f"free bits are a number of nats of at least 0, got {self.free_bits}")
        if self.free_bits > 0 and self.estimator != "closed_form":
            raise CapabilityError(
                "free bits need the closed-form KL of each dimension, not a Monte-Carlo one"
            )
        if self.sites is not None and not self.sites:
            raise UserError("a KL of no sites is 0: name at least one site, or leave `sites` out for all")

    @property
    def name(self) -> str:
        """Its name in logs; with free bits the value is thresholded, no rate."""
        name = "kl" if self.free_bits == 0 else "kl_thresholded"
        return "_".join((name, *(self.sites or ())))

    @property
    def per_example(self) -> bool:
        """Yes, unless bits are free: their threshold is on the batch mean."""
        return self.free_bits == 0

    @property
    def own_gradient(self) -> bool:
        """Yes, unless the score is left out."""
        return self.estimator != "sticking_the_landing"

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return the KL, averaged over draws.

        Raises:
            UserError: if the model lacks one of the sites.
        """
        trace = self._restricted(trace)
        if self.free_bits > 0:
            sites = [mean_over_samples_per_dim(site.kl_per_dim()) for site in trace.sites]
            return torch.stack([self._thresholded(kl) for kl in sites]).sum(0)
        if self.estimator == "monte_carlo":
            return -mean_over_samples(trace.log_ratio())
        if self.estimator == "sticking_the_landing":
            paths = torch.stack([path_log_q(site) - site.log_p for site in trace.sites])
            return mean_over_samples(paths.sum(0))
        return mean_over_samples(trace.kl())

    def _restricted(self, trace: Trace) -> Trace:
        if self.sites is None:
            return trace
        by_name = {site.name: site for site in trace.sites}
        if unknown := [name for name in self.sites if name not in by_name]:
            raise UserError(f"the KL names the site {unknown[0]}; {nearest(unknown[0], by_name)}")
        return Trace(trace.x, tuple(by_name[name] for name in self.sites), trace.likelihood)

    def _thresholded(self, kl: Float[Tensor, "B d"]) -> Float[Tensor, " B"]:
        # Same value and gradient as max(λ, batch mean), written per example: a dimension under λ is constant.
        above = kl.detach().mean(0) > self.free_bits
        return torch.where(above, kl, torch.full_like(kl, self.free_bits)).sum(-1)


def mean_over_samples_per_dim(values: Tensor) -> Tensor:
    """Average (*S, B, d) over its sample dimensions to (B, d).

    Example:
        >>> mean_over_samples_per_dim(torch.ones(5, 4, 3)).shape
        torch.Size([4, 3])
    """
    return values if values.ndim == 2 else values.flatten(0, -3).mean(0)
