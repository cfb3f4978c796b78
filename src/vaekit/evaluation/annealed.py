"""Annealed importance sampling: tight lower bounds of log p(x), and a bracket on data that a model simulates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE
from vaekit.data.batches import BLOCK, Examples
from vaekit.errors import UserError
from vaekit.evaluation.annealing import AnnealedPath, Annealing, check_annealable, joined, keyed
from vaekit.evaluation.bounds import LogLikelihood, draws_at_once, effective_draws, parts_of
from vaekit.evaluation.measures import DENSITY, MASS, MASS_BOUND, measures_for, native
from vaekit.evaluation.report import Figure, figure_of
from vaekit.noise import Noise, cut, draw
from vaekit.objectives import iwae_bound
from vaekit.spec import DataSpec

Progress = Callable[[float], None]


@final
@dataclass(frozen=True)
class AnnealedBound:
    """What the chains of every example found.

    Args:
        log_weights: of each chain, nats; the mean weight estimates p(x) without bias, (C, N).
        acceptance: mean probability of acceptance of each example's chains; well between .4 and .9, (N,).
        options: how they went.
    """

    log_weights: Float[Tensor, "C N"]
    acceptance: Float[Tensor, " N"]
    options: Annealing

    @property
    def bound(self) -> Float[Tensor, " N"]:
        """log (1/C) Σ w, below log p(x) on average over the chains, nats."""
        return iwae_bound(self.log_weights)

    @property
    def ess(self) -> Float[Tensor, " N"]:
        """How many of the C chains count."""
        return effective_draws(self.log_weights)


@final
@dataclass(frozen=True)
class Bracket:
    """log p(x) from below and from above, on examples that the model itself simulated.

    Args:
        forward: log-weights from p₀ to p(z | x), whose mean weight is p(x), (C, N).
        reverse: log-weights from an exact draw of p(z | x) back to p₀, whose mean weight is 1/p(x), (C, N).
        measure: of x, as in `measures_for`.
        options: how the chains went.
    """

    forward: Float[Tensor, "C N"]
    reverse: Float[Tensor, "C N"]
    measure: str
    options: Annealing

    @property
    def lower(self) -> Float[Tensor, " N"]:
        """log mean w of the forward chains, nats: below log p(x) on average."""
        return iwae_bound(self.forward)

    @property
    def upper(self) -> Float[Tensor, " N"]:
        """−log mean w of the reverse chains, nats: above log p(x) on average."""
        return -iwae_bound(self.reverse)

    @property
    def gap(self) -> Float[Tensor, " N"]:
        """Upper minus lower, nats: on average no less than what either is off by."""
        return self.upper - self.lower

    def figures(self) -> tuple[Figure, Figure, Figure]:
        """Both bounds of −log p(x) and the gap, with their standard errors over examples."""
        name = f"-log p(x) of simulated x, {self.options.temperatures} temperatures"
        return (
            figure_of(f"{name}, AIS", -self.lower, measure=self.measure, bound="≤"),
            figure_of(f"{name}, reverse AIS", -self.upper, measure=self.measure, bound="≥"),
            figure_of("AIS bracket: reverse − forward", self.gap, measure=self.measure),
        )


@torch.no_grad()
def annealed_bound(
    vae: VAE,
    examples: Examples,
    measure: LogLikelihood = native,
    options: Annealing = Annealing(),  # noqa: B008 (frozen)
    seed: int = 0,
    progress: Progress = lambda fraction: None,
) -> AnnealedBound:
    """Lower-bound log p(x) of every example of a split by annealed importance sampling with Hamiltonian moves.

    log (1/C) Σ_c w_c, E w_c = p(x): w_c gathers (p(x, z)/p₀(z))^{β_t − β_{t−1}} on the way of a chain that follows
    f_β(z) = p₀(z)^{1−β} p(x, z)^β from β = 0 to 1. One temperature step from q(z | x) is IWAE_C; more only close the
    gap. x, its binarisation and its dequantisation are those of `bounds`, and a chain's randomness depends on the
    seeds and the example's place alone.

    Args:
        vae: in evaluation mode.
        examples: the split, or a share of it.
        measure: log p(x | z), density or mass, of `measures_for`.
        options: chains, temperatures and so on.
        seed: of the chains.
        progress: told the fraction done.

    Raises:
        CapabilityError: for a model without evidence, or with codes that are discrete.

    Source: Wu et al. 2017, On the quantitative analysis of decoder-based generative models,
    https://arxiv.org/abs/1611.04273, section 3 (its chains adapt as they go; these do not, see `AnnealedPath.pilot`).

    Example:
        >>> from vaekit import build_recipe
        >>> vae = build_recipe("vae", DataSpec((1, 4, 4), 2), latents=2, hidden=(8,)).model.eval()
        >>> found = annealed_bound(vae, Examples(torch.ones(3, 1, 4, 4), 1.0, False), options=Annealing(5, 4))
        >>> found.log_weights.shape, found.bound.shape
        (torch.Size([5, 3]), torch.Size([3]))
    """
    forward, _, acceptance = _over_chunks(vae, examples, measure, options, seed, progress)
    return AnnealedBound(forward, acceptance, options)


@torch.no_grad()
def bracket(
    vae: VAE,
    spec: DataSpec,
    count: int = 100,
    options: Annealing = Annealing(),  # noqa: B008 (frozen)
    seed: int = 0,
    progress: Progress = lambda fraction: None,
) -> Bracket:
    """Bracket log p(x) of examples that the model simulates: bidirectional Monte Carlo.

    (z, x) ~ p(z) p(x | z) makes z an exact draw of p(z | x), from which reverse chains give an upper bound. The gap
    says how tight annealing with these options is on this model; on real data only the lower bound exists.
    The measure is the headline one of `measures_for`: a mass is that of x rounded to its levels; where it is known by
    dequantisation only, the density of x itself is bracketed, which differs from it by a constant.

    Args:
        vae: in evaluation mode.
        spec: of the data it was trained on.
        count: how many examples are simulated.
        options: chains, temperatures and so on.
        seed: of the examples and the chains.
        progress: told the fraction done.

    Raises:
        CapabilityError: for a model without evidence, or with codes that are discrete.
        UserError: for a count below 2, of which there is no standard error.

    Source: Grosse et al. 2015, https://arxiv.org/abs/1511.02543, section 3; Wu et al. 2017, section 4.2.
    """
    if count < 2:
        raise UserError(f"a bracket with a standard error needs at least 2 simulated examples, got {count}")
    check_annealable(vae)
    z, x, likelihood = simulated(vae, count, seed)
    name, measure = next(iter(measures_for(vae.likelihood, likelihood, spec).items()))
    if name == MASS_BOUND:
        name, measure = DENSITY, native
    if name == MASS and vae.likelihood.measure != "mass" and spec.levels is not None:
        x = (x.clamp(0, 1) * (spec.levels - 1)).round() / (spec.levels - 1)
    examples = Examples(x, 1.0, False, seed, "simulated", dtype=x.dtype)
    forward, reverse, _ = _over_chunks(vae, examples, measure, options, seed, progress, z)
    return Bracket(forward, reverse, name, options)


@torch.no_grad()
def simulated(
    vae: VAE, count: int, seed: int
) -> tuple[Float[Tensor, "N d"], Float[Tensor, "N *E"], Distribution]:
    """Draw z ~ p(z) and x ~ p(x | z): the values of all sites in one vector, x, and p(x | z)."""
    noise = Noise(seed, ("simulated",), cut(count, -(-count // BLOCK)))
    values: list[Tensor] = []

    def choose(name: str, prior: Distribution, _: Tensor | None) -> Tensor:
        values.append(draw(prior, (count,), noise, name))
        return values[-1]

    likelihood = vae.walk(choose, (count,))
    return joined(values, 1), draw(likelihood, (count,), noise, "x"), likelihood


def _over_chunks(
    vae: VAE,
    examples: Examples,
    measure: LogLikelihood,
    options: Annealing,
    seed: int,
    progress: Progress,
    exact: Float[Tensor, "N d"] | None = None,
) -> tuple[Float[Tensor, "C N"], Float[Tensor, "C2 N"], Float[Tensor, " N"]]:
    """Forward log-weights, reverse ones where exact draws are given (else none), and acceptance."""
    check_annealable(vae)
    most = max(1, draws_at_once(vae, examples) // options.chains)
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for where, block, noise in examples.in_order(max(1, most // BLOCK)):
        for part in parts_of(len(block), most):
            x, own = block[part], noise.part(part.start, part.stop)
            path = AnnealedPath(vae, x, measure, own, options)
            done, size = (where.start + part.start) / len(examples), len(x) / len(examples)
            ways = 1 if exact is None else 2
            steps = path.pilot(keyed(own, "pilot", seed))

            def tick(fraction: float, start: float = done, size: float = size / ways) -> None:
                progress(start + size * fraction)

            forward, acceptance = path.forward(steps, keyed(own, "forward", seed), tick)
            reverse = forward[:0]
            if exact is not None:
                z = exact[where.start + part.start : where.start + part.stop]
                reverse = path.reverse(
                    z, steps, keyed(own, "reverse", seed), lambda f, tick=tick: tick(1 + f)
                )
            found.append((forward, reverse, acceptance))
    columns = zip(*found, strict=True)
    forward, reverse, acceptance = (torch.cat(column, -1) for column in columns)
    return forward, reverse, acceptance
