"""The path of annealed importance sampling between a distribution that can be drawn from and p(x, z)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Literal, cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.constraints import real, real_vector
from torch.nn.functional import interpolate

from vaekit.core import VAE, Deterministic, Site, Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.bounds import LogLikelihood
from vaekit.inference import LogDensity, proposal
from vaekit.noise import Noise, draw

Start = Literal["posterior", "prior"]

STEEPNESS = 4.0
"""δ of the schedule."""
JITTER = 0.5
"""Each path's step size is drawn from (1 ± this) of it, so that no orbit closes on itself."""
SETTLING, FIRST_STEP, GAIN = 20, 0.2, 0.5
"""Of the pilot: paths before the first temperature, the step size they begin with, and how fast it adapts."""


@final
@dataclass(frozen=True)
class Annealing:
    """How the chains go from p₀(z) to p(z | x).

    A path costs `steps` + 1 gradients for each temperature and chain, and a pilot a quarter of that again.

    Args:
        chains: C, of each example.
        temperatures: T; 1 is plain importance sampling, more of them tighten the bound, about as 1/T.
        start: p₀, the posterior q(z | x) or the prior p(z).
        steps: of the integrator for one proposal.
        acceptance: the acceptance that the pilot seeks.

    Raises:
        UserError: for a number out of its range.
    """

    chains: int = 16
    temperatures: int = 200
    start: Start = "posterior"
    steps: int = 10
    acceptance: float = 0.65

    def __post_init__(self) -> None:
        ranges = {
            "chains must be at least 1": self.chains >= 1,
            "temperatures must be at least 1": self.temperatures >= 1,
            "start must be posterior or prior": self.start in ("posterior", "prior"),
            "steps must be at least 1": self.steps >= 1,
            "acceptance must lie between 0 and 1": 0 < self.acceptance < 1,
        }
        for rule, holds in ranges.items():
            if not holds:
                raise UserError(f"annealing: {rule}, got {getattr(self, rule.split()[0])}")

    @property
    def betas(self) -> tuple[float, ...]:
        """0 = β₀ < … < β_T = 1, dense at both ends: β_t = (s(t) − s(0))/(s(T) − s(0)), s(t) = sigmoid(δ(2t/T − 1)).

        Source: Wu et al. 2017, https://arxiv.org/abs/1611.04273, section 4.1, δ = 4.

        Example:
            >>> [round(beta, 3) for beta in Annealing(temperatures=4).betas]
            [0.0, 0.105, 0.5, 0.895, 1.0]
        """
        s = torch.linspace(-STEEPNESS, STEEPNESS, self.temperatures + 1, dtype=torch.float64).sigmoid()
        return tuple(((s - s[0]) / (s[-1] - s[0])).tolist())


@final
class AnnealedPath:
    """f_β(z) = p₀(z) (p(x, z)/p₀(z))^β of a chunk of examples, z the values of all sites in one vector.

    Args:
        vae: in evaluation mode.
        x: the examples, (B, *E).
        measure: log p(x | z).
        noise: of the examples, for the measure.
        options: how to go.

    Raises:
        CapabilityError: where a latent may not take every real value; `check_annealable` sees to the rest.
    """

    def __init__(
        self, vae: VAE, x: Float[Tensor, "B *E"], measure: LogLikelihood, noise: Noise, options: Annealing
    ) -> None:
        self._vae, self._x, self._measure, self._noise, self._options = vae, x, measure, noise, options
        with torch.no_grad():
            self._features = vae.features(x) if options.start == "posterior" else None
            first = self._trace(1, self._drawn(1, noise))
        for site in first.sites:
            check_real(site.name, site.prior)
            check_real(site.name, site.posterior)
        self._events = {site.name: site.z.shape[2:] for site in first.sites}

    @torch.no_grad()
    def start(self, noise: Noise) -> Float[Tensor, "C B d"]:
        """Draw every chain's first z from p₀."""
        chains = self._options.chains
        return joined([site.z for site in self._trace(chains, self._drawn(chains, noise)).sites], 2)

    def terms(self, z: Float[Tensor, "C B d"]) -> tuple[Float[Tensor, "C B"], Float[Tensor, "C B"]]:
        """log p₀(z) and log w = log p(x, z) − log p₀(z), nats."""
        sizes = [event.numel() for event in self._events.values()]
        values = {
            name: piece.reshape(*z.shape[:2], *event)
            for piece, (name, event) in zip(z.split(sizes, -1), self._events.items(), strict=True)
        }
        trace = self._trace(z.shape[0], lambda name, start: values[name])
        log_start = torch.stack([site.log_q for site in trace.sites]).sum(0)
        return log_start, self._measure(trace, self._noise) + trace.log_ratio()

    def forward(
        self,
        step_sizes: Float[Tensor, "T B"],
        noise: Noise,
        tick: Callable[[float], None],
    ) -> tuple[Float[Tensor, "C B"], Float[Tensor, " B"]]:
        """Anneal from p₀ to p(z | x): log-weights whose mean weight is p(x), and the mean acceptance.

        log w = Σ_t (β_t − β_{t−1}) log w(z_{t−1}), z_t from a chain that leaves f_{β_t} as it is.

        Source: Neal 2001, Annealed importance sampling, https://arxiv.org/abs/physics/9803008, equation 11.
        """
        betas, z = self._options.betas, self.start(noise)
        total, accepted = z.new_zeros(z.shape[:2]), z.new_zeros(z.shape[1])
        for t in range(1, len(betas)):
            total = total + (betas[t] - betas[t - 1]) * self._log_weight(z)
            if t < len(betas) - 1:
                z, probability = self._move(z, betas[t], step_sizes[t - 1], keyed(noise, t))
                accepted = accepted + probability.mean(0) / (len(betas) - 2)
            tick(t / (len(betas) - 1))
        return total, accepted

    def reverse(
        self,
        exact: Float[Tensor, "B d"],
        step_sizes: Float[Tensor, "T B"],
        noise: Noise,
        tick: Callable[[float], None],
    ) -> Float[Tensor, "C B"]:
        """Anneal from an exact draw of p(z | x) back to p₀: log-weights whose mean weight is 1/p(x).

        Source: Grosse et al. 2015, Sandwiching the marginal likelihood, https://arxiv.org/abs/1511.02543, section 3.
        """
        betas, z = self._options.betas, exact.expand(self._options.chains, -1, -1)
        total = z.new_zeros(z.shape[:2])
        for t in range(len(betas) - 1, 0, -1):
            z, _ = self._move(z, betas[t], step_sizes[t - 1], keyed(noise, t))
            total = total - (betas[t] - betas[t - 1]) * self._log_weight(z)
            tick(1 - (t - 1) / (len(betas) - 1))
        return total

    def pilot(self, noise: Noise) -> Float[Tensor, "T B"]:
        """Step sizes of each temperature and example, by chains of their own on a quarter of the temperatures.

        They are fixed before the chains that count begin: were a chain's step size to depend on where it has been,
        its moves would no longer leave f_β as it is, and the mean weight would no longer be p(x).
        """
        options = self._options
        every = max(min(options.temperatures, 25), options.temperatures // 4)
        stops = torch.linspace(1, options.temperatures, every).round().long().tolist()
        z = self.start(noise)
        log_step = z.new_full(z.shape[1:2], log(FIRST_STEP))
        kept: list[Tensor] = []
        for turn, t in enumerate([stops[0]] * SETTLING + stops):
            z, probability = self._move(z, options.betas[t], log_step.exp(), keyed(noise, turn))
            log_step = log_step + GAIN * (probability.mean(0) - options.acceptance)
            kept.append(log_step)
        curve = torch.stack(kept[SETTLING:], -1).unsqueeze(0)
        return interpolate(curve, size=options.temperatures, mode="linear", align_corners=True)[0].T.exp()

    @torch.no_grad()
    def _log_weight(self, z: Float[Tensor, "C B d"]) -> Float[Tensor, "C B"]:
        return self.terms(z)[1]

    def _move(
        self, z: Float[Tensor, "C B d"], beta: float, step_size: Float[Tensor, " B"], noise: Noise
    ) -> tuple[Float[Tensor, "C B d"], Float[Tensor, "C B"]]:
        """One Hamiltonian proposal under f_β for every chain, and the probability with which it was accepted."""
        momentum = noise.normal("momentum", z.shape, 1, z)
        jitter = 1 + JITTER * (2 * noise.uniform("jitter", z.shape[:2], 1, z) - 1)
        chance = noise.uniform("chance", z.shape[:2], 1, z)
        end, probability = proposal(
            self._at(beta, z.shape[:2]),
            z.flatten(0, 1),
            momentum.flatten(0, 1),
            (step_size * jitter).reshape(-1, 1),
            self._options.steps,
        )
        probability = probability.view(z.shape[:2])
        return torch.where((chance < probability).unsqueeze(-1), end.view_as(z), z), probability

    def _at(self, beta: float, shape: torch.Size) -> LogDensity:
        def log_density(points: Tensor) -> Tensor:
            log_start, log_weight = self.terms(points.unflatten(0, shape))
            return (log_start + beta * log_weight).flatten()

        return log_density

    def _drawn(self, chains: int, noise: Noise) -> Callable[[str, Distribution], Tensor]:
        shape = (chains, self._x.shape[0])
        return lambda name, start: draw(start, shape, noise, name)

    def _trace(self, chains: int, value: Callable[[str, Distribution], Tensor]) -> Trace:
        """Walk to x with these values; the sites' "posterior" is p₀."""
        sites: list[Site] = []

        def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
            start = prior
            if self._features is not None:
                start = cast(Distribution, self._vae.posteriors[name](self._features, prior, state))
            z = value(name, start)
            sites.append(Site(name, z, prior, start))
            return z

        likelihood = self._vae.walk(choose, (chains, self._x.shape[0]))
        return Trace(self._x, tuple(sites), likelihood)


def joined(values: Sequence[Tensor], batch_ndim: int) -> Float[Tensor, "*S B d"]:
    """The values of all sites in one vector, top first."""
    return torch.cat([value.flatten(batch_ndim) for value in values], -1)


def keyed(noise: Noise, *more: int | str) -> Noise:
    """A source of its own for the same examples."""
    return replace(noise, key=(*noise.key, *more))


def check_annealable(vae: VAE) -> None:
    """Make sure that a model bounds log p(x), and that its posteriors have densities.

    Raises:
        CapabilityError: if not.
    """
    if why := vae.lacks_evidence:
        raise CapabilityError(f"annealed importance sampling estimates log p(x) of each example: {why}")
    if any(isinstance(posterior, Deterministic) for posterior in vae.posteriors.values()):
        raise CapabilityError(
            "annealed importance sampling moves z along slopes, and the codes of this model are discrete"
        )


def check_real(name: str, distribution: Distribution) -> None:
    """Make sure that z may be any real numbers.

    Raises:
        CapabilityError: if not.
    """
    support: object = distribution.support
    while support not in (real, real_vector) and hasattr(support, "base_constraint"):
        support = getattr(support, "base_constraint", None)
    if support not in (real, real_vector):
        raise CapabilityError(
            f"annealed importance sampling moves z anywhere on the real line, and site {name} has values "
            f"in {support}"
        )
