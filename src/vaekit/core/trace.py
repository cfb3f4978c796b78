"""What one pass of x through q and the decoder leaves behind."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from vaekit.distributions import kl_per_dim
from vaekit.noise import Noise


@final
@dataclass(frozen=True)
class Site:
    """One latent variable of one trace.

    Args:
        name: of the site.
        z: the value, (*S, B, *E).
        prior: p(z | above), batch shape () or broadcastable to (*S, B).
        posterior: q(z | x, above), batch shape broadcastable to (*S, B).
    """

    name: str
    z: Tensor
    prior: Distribution
    posterior: Distribution

    @cached_property
    def log_p(self) -> Float[Tensor, "*S B"]:
        """log p(z), (*S, B) nats."""
        return self.prior.log_prob(self.z)

    @cached_property
    def log_q(self) -> Float[Tensor, "*S B"]:
        """log q(z | x), (*S, B) nats."""
        return self.posterior.log_prob(self.z)

    @property
    def batch_shape(self) -> torch.Size:
        """(*S, B)."""
        return self.z.shape[: self.z.ndim - len(self.prior.event_shape)]

    def kl(self) -> Float[Tensor, "*S B"]:
        """KL(q ‖ p), (*S, B) nats: closed form where one is registered, else log q(z) − log p(z)."""
        try:
            kl = kl_divergence(self.posterior, self.prior)
        except NotImplementedError:
            return self.log_q - self.log_p
        return kl.expand(self.batch_shape)

    def kl_per_dim(self) -> Float[Tensor, "*S B d"]:
        """KL of each latent dimension, (*S, B, d) nats.

        Raises:
            CapabilityError: if q or p does not factorise over dimensions.
        """
        kl = kl_per_dim(self.posterior, self.prior)
        return kl.expand(*self.batch_shape, kl.shape[-1])


@final
@dataclass(frozen=True)
class Trace:
    """What one pass of x through q and the decoder leaves behind.

    Args:
        x: data, (B, *E), floats; level k of L is k/(L−1).
        sites: the latent variables, top first.
        likelihood: p(x | z), batch shape (*S, B).
        noise: where its draws came from, for terms that draw something themselves under names of their own; None
            where nothing was drawn.
    """

    x: Tensor
    sites: tuple[Site, ...]
    likelihood: Distribution
    noise: Noise | None = None
    batch_shape: torch.Size = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "batch_shape", self.sites[0].batch_shape)

    @cached_property
    def log_likelihood(self) -> Float[Tensor, "*S B"]:
        """log p(x | z), (*S, B) nats."""
        return self.likelihood.log_prob(self.x)

    def kl(self) -> Float[Tensor, "*S B"]:
        """Sum of the sites' KLs, (*S, B) nats."""
        return torch.stack([site.kl() for site in self.sites]).sum(0)

    def log_ratio(self) -> Float[Tensor, "*S B"]:
        """Sum over sites of log p(z) − log q(z), (*S, B) nats: minus the Monte-Carlo KL."""
        return torch.stack([site.log_p - site.log_q for site in self.sites]).sum(0)

    def log_weight(self) -> Float[Tensor, "*S B"]:
        """log w = log p(x | z) + Σ (log p − log q), (*S, B) nats, the importance weight."""
        return self.log_likelihood + self.log_ratio()
