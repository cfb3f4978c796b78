"""How a model uses each latent dimension: its rate, how its codes differ, and how wide its posteriors are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE
from vaekit.data.batches import Examples, spaced_places
from vaekit.distributions import OneHot, kl_per_dim
from vaekit.errors import CapabilityError
from vaekit.evaluation.active_units import ENCODED, THRESHOLD, code_variances
from vaekit.noise import Noise, Shard

DEAD = 0.01
"""Nats below which a dimension says nothing of x."""
WIDE = 3.0
"""Standard deviations of the prior: no posterior gains anything by being wider than its prior."""


@final
@dataclass(frozen=True, eq=False)
class SiteUse:
    """The use of the dimensions of one site.

    Args:
        site: its name.
        rate: E_x KL(q(z_j | x) ‖ p(z_j)), (d,) nats.
        variance: Var_x E_q[z_j | x], (d,), squared units of z.
        width: median over x of σ_q / σ_p, (d,).
        wide: share of all σ_q / σ_p above 3 or not finite, from 0 to 1.
    """

    site: str
    rate: Float[Tensor, " d"]
    variance: Float[Tensor, " d"]
    width: Float[Tensor, " d"]
    wide: float

    @property
    def active(self) -> int:
        """Dimensions with Var_x E_q[z_j | x] > .01."""
        return int((self.variance > THRESHOLD).sum())

    @property
    def dead(self) -> int:
        """Dimensions with a rate below .01 nat."""
        return int((self.rate < DEAD).sum())


def marginal_rate(q: Distribution, prior: Distribution) -> Float[Tensor, "*B d"]:
    """KL(q_j ‖ p_j) of every dimension, nats; against N(0, 1) where p does not factorise, ½ (μ² + σ² − 1 − ln σ²).

    A dimension of one-hot codes is a bit, on or off.

    Example:
        >>> from torch.distributions import Independent, Normal
        >>> q = Independent(Normal(torch.ones(3, 2), 1.0), 1)
        >>> marginal_rate(q, Independent(Normal(torch.zeros(2), 1.0), 1))[0].tolist()
        [0.5, 0.5]
    """
    try:
        return kl_per_dim(q, prior)
    except CapabilityError:
        if isinstance(q, OneHot) and isinstance(prior, OneHot):
            return _of_bits(q.mean) - _of_bits(q.mean, prior.mean)
        return 0.5 * (q.mean.square() + q.variance - 1 - q.variance.log())


def _of_bits(q: Tensor, p: Tensor | None = None) -> Tensor:
    """E log p of bits that are on with probability q."""
    p = (q if p is None else p).expand_as(q)
    return torch.xlogy(q, p) + torch.xlogy(1 - q, 1 - p)


@torch.no_grad()
def latent_use(vae: VAE, x: Float[Tensor, "N *E"], seed: int = 0) -> tuple[SiteUse, ...]:
    """Look at every site whose posterior has a width; a point and a grid of codes have none and are left out.

    Args:
        vae: in evaluation mode.
        x: at least two examples.
        seed: of the draws above a site.

    Raises:
        UserError: for fewer than two examples.
    """
    if vae.deterministic:
        return ()
    rates: dict[str, list[Tensor]] = {}
    widths: dict[str, list[Tensor]] = {}
    for index, part in enumerate(x.split(ENCODED)):
        noise = Noise(seed, ("use",), (Shard(index, len(part)),))
        for site in vae.infer(part, noise=noise):
            # A mixture has one spread over all its parts; what a width is held against is the scale of z.
            spread = site.prior.stddev.clamp(min=1e-12)
            rates.setdefault(site.name, []).append(marginal_rate(site.posterior, site.prior))
            widths.setdefault(site.name, []).append(site.posterior.stddev / spread)
    variances = code_variances(vae, x, seed=seed)
    return tuple(
        _use(name, torch.cat(rates[name]), variances[name], torch.cat(widths[name])) for name in rates
    )


def _use(site: str, rate: Tensor, variance: Tensor, width: Tensor) -> SiteUse:
    beyond = ~(width <= WIDE)
    return SiteUse(
        site, rate.mean(0).cpu(), variance.cpu(), width.median(0).values.cpu(), beyond.float().mean().item()
    )


def spaced(examples: Examples, most: int) -> Float[Tensor, "N *E"]:
    """At most so many examples of a split as x, evenly spaced over it: splits may lie sorted by class."""
    chosen = spaced_places(len(examples), most).to(examples.index_device)
    parts: Sequence[Tensor] = [
        examples.gather(part, Noise(examples.seed, (examples.stream, "spaced"), (Shard(i, len(part)),)))
        for i, part in enumerate(chosen.split(ENCODED))
    ]
    return torch.cat([*parts])
