"""The turn that trains binary latents by RELAX, and the control variate beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent
from torch.nn import Parameter

from vaekit.core import VAE, Site, Trace
from vaekit.distributions import LogitBernoulli
from vaekit.errors import CapabilityError, UserError
from vaekit.estimators import relax_gradient, relaxed_given, relaxed_of
from vaekit.noise import Noise
from vaekit.objectives.algebra import MODEL, Losses, Turn
from vaekit.posteriors import BernoulliPosterior, ControlVariate

CONTROL = "control"
"""The player that owns the control variate."""


@final
@dataclass(frozen=True)
class RELAX(Turn):
    """The ELBO of binary latents: the model minimises it along RELAX's gradient ĝ, the control variate ‖ĝ‖².

    Decoder and prior follow −log p(x, b) at the draws b; encoder and posterior follow −Σ_j ĝ_j l_j. The control
    variate is c(z) = f(sigmoid(z/λ)) + r(z): the log-weight f at a relaxed code, and a small network.

    Args:
        samples: draws whose gradients are averaged, at least 1.

    Source: Grathwohl et al. 2018, https://arxiv.org/abs/1711.00123, equations 8–11 and algorithm 1.
    """

    samples: int

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"RELAX needs at least one sample, got {self.samples}")

    @property
    def players(self) -> tuple[str, ...]:
        """The model and its control variate."""
        return (MODEL, CONTROL)

    @property
    def settled(self) -> float:
        """At once."""
        return 0.0

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def own_gradient(self) -> bool:
        """No: draws of bits have no slope, and another estimate of the same mean stands in for it."""
        return False

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """The control variate's parameters, and all others."""
        control = list(_control_of(vae).parameters())
        theirs = {id(parameter) for parameter in control}
        return {MODEL: [p for p in vae.parameters() if id(p) not in theirs], CONTROL: control}

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Trace x and return −ELBO, with the gradient that RELAX gives it, and the mean of ‖ĝ‖².

        Raises:
            CapabilityError: unless the model has one site of binary latents, with a control variate.
        """
        trace = vae.trace(x, (self.samples,), noise=noise)
        (site,) = trace.sites
        logits = logits_of(site.posterior).expand(site.z.shape)
        gradient = self._gradient(vae, trace, site, logits.detach(), noise)
        path = (gradient.detach() * (logits - logits.detach())).sum(-1)
        elbo = trace.log_likelihood + site.log_p - site.log_q.detach() + path
        loss, spread = -elbo.mean(), gradient.square().sum(-1).mean()
        scalars = {"loss": loss.detach(), "negative_elbo": loss.detach(), "control": spread.detach()}
        return Losses({MODEL: loss, CONTROL: spread}, scalars, trace)

    @torch.enable_grad()
    def _gradient(
        self, vae: VAE, trace: Trace, site: Site, logits: Float[Tensor, "K B d"], noise: Noise
    ) -> Float[Tensor, "K B d"]:
        """ĝ of each draw, with the graph that leads to the control variate."""
        logits = logits.clone().requires_grad_()
        shape, axis = tuple(site.z.shape), site.z.ndim - 2
        drawn = [noise.uniform(f"{site.name}/{name}", shape, axis, logits) for name in ("free", "given")]
        relaxed = (relaxed_of(logits, site.z, drawn[0]), relaxed_given(logits, site.z, drawn[1]))
        control, control_given = (_value(vae, trace, site, z) for z in relaxed)
        return relax_gradient(trace.log_weight(), logits, site.z, control, control_given)


def logits_of(distribution: Distribution) -> Tensor:
    """l of independent Bernoullis with one event dimension.

    Raises:
        CapabilityError: for any other distribution.
    """
    if isinstance(distribution, Independent) and isinstance(distribution.base_dist, Bernoulli):
        return distribution.base_dist.logits
    raise CapabilityError("RELAX is for binary latents: use --recipe bernoulli_latents")


def _control_of(vae: VAE) -> ControlVariate:
    held = [p.control for p in vae.posteriors.values() if isinstance(p, BernoulliPosterior)]
    if len(held) != 1 or held[0] is None or len(vae.posteriors) != 1:
        raise CapabilityError(
            "RELAX needs one site of binary latents whose posterior holds a control variate"
        )
    return held[0]


def _value(vae: VAE, trace: Trace, site: Site, z: Float[Tensor, "K B d"]) -> Float[Tensor, "K B"]:
    """c(z) = f(sigmoid(z/λ)) + r(z), f the log-weight as a function of the code alone."""
    control = _control_of(vae)
    soft = (z / control.temperature).sigmoid()
    likelihood = vae.walk(lambda name, prior, state: soft, trace.batch_shape)
    law = LogitBernoulli(logits=logits_of(site.posterior).detach(), validate_args=False)
    log_q = Independent(law, 1, validate_args=False).log_prob(soft)
    return likelihood.log_prob(trace.x) + site.prior.log_prob(soft) - log_q + control(z)
