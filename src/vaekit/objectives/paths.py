"""Gradients that reach the posterior through its draw alone: sticking the landing, and double reparameterisation."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from vaekit.core import Site, Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives.algebra import Term
from vaekit.objectives.bounds import first_draws, iwae_bound


def path_log_q(site: Site) -> Float[Tensor, "*S B"]:
    """log q(z | x), nats, without the gradient ∂/∂φ log q(z; φ) at fixed z, whose mean is 0.

    What is left is ∂ log q/∂z · ∂z/∂φ, the path through the draw z = g(ε, φ). The score is subtracted, not blocked:
    this holds for any family whose density can be had at a given value.

    Source: Roeder et al. 2017, https://arxiv.org/abs/1703.09194, equations 5–8.

    Example:
        >>> import torch
        >>> from torch.distributions import Normal
        >>> mean, p = torch.zeros(1, requires_grad=True), Normal(torch.zeros(1), 1.0, validate_args=False)
        >>> q = Normal(mean, 1.0, validate_args=False)
        >>> path_log_q(Site("z", mean + 0.5, p, q)).backward()
        >>> mean.grad
        tensor([-0.5000])
    """
    score = site.posterior.log_prob(site.z.detach())
    return site.log_q - (score - score.detach())


@final
@dataclass(frozen=True)
class DReG(Term):
    """−log (1/K) Σ_k w_k, nats per example, with the doubly reparameterised gradient for encoder and posterior.

    ∇_φ = −Σ_k w̃_k² ∂ log w_k/∂z_k · ∂z_k/∂φ with w̃ = w/Σw: the mean of the importance-weighted bound's gradient,
    with a signal that grows beside its noise as √K, where that of the bound itself falls as 1/√K. It is right for
    what only moves z: decoder and prior take `IWAE` (see `PerPlayer`).

    Args:
        samples: K ≥ 1.

    Source: Tucker et al. 2019, https://arxiv.org/abs/1810.04152, equation 8.
    """

    samples: int

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"importance weighting needs at least one sample, got {self.samples}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "dreg"

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def own_gradient(self) -> bool:
        """No: another one of the same mean."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """K draws."""
        return (self.samples,)

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return minus the bound of the first K draws.

        Raises:
            CapabilityError: for several sites, where a lower posterior depends on the draw above it.
        """
        site, *below = trace.sites
        if below:
            raise CapabilityError(
                "the doubly reparameterised gradient is for one latent variable: use --recipe iwae for several"
            )
        log_weight = first_draws(trace.log_likelihood + site.log_p - path_log_q(site), self.samples)
        surrogate = (log_weight.softmax(0).square().detach() * log_weight).sum(0)
        return -iwae_bound(log_weight.detach()) - (surrogate - surrogate.detach())
