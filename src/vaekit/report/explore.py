"""Ways through a trained model: samples, lines between codes, moves along one latent dimension."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE, Discrete, Energy, Sequential
from vaekit.data.batches import BLOCK
from vaekit.distributions import CodeDistribution
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.latent_use import marginal_rate
from vaekit.latents import CodeLatents
from vaekit.noise import Noise, Shard, torch_seeded
from vaekit.posteriors import QuantisedPosterior
from vaekit.priors import NoPrior, StandardNormal

DRAWN = "one draw from p(x|z)"
MOST_ROWS = 12
"""Latent dimensions that a traversal shows."""


def has_prior(vae: VAE) -> bool:
    """Whether there is a p(z) to draw from; an autoencoder has none until one is fitted."""
    return not isinstance(vae.latents.top, NoPrior)


def has_dimensions(vae: VAE) -> bool:
    """Whether latents are numbers to move along, and no codes, bits or classes."""
    top = vae.posteriors[next(iter(vae.latents.sites))]
    return not isinstance(vae.latents, CodeLatents) and not isinstance(top, Discrete)


def pictured(vae: VAE) -> str:
    """What the picture of p(x | z) is, in words."""
    if isinstance(vae.likelihood, Energy):
        return "decoded code"
    return DRAWN if isinstance(vae.likelihood, Sequential) else "mean of p(x|z)"


def on_codes(vae: VAE, site: str, z: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """The nearest grid of codes where the latents are codes, else z: a decoder of codes never saw anything else."""
    posterior = vae.posteriors[site]
    if not isinstance(posterior, QuantisedPosterior):
        return z
    quantiser = posterior.quantiser
    return quantiser.codes_of(quantiser.indices_of(posterior.grid.apart(z))).flatten(-3)


def blocks(n: int) -> tuple[Shard, ...]:
    """Shards of at most 50 examples: what is decoded at once, so that memory does not grow with n.

    Example:
        >>> [shard.size for shard in blocks(120)]
        [50, 50, 20]
    """
    return tuple(Shard(i, min(BLOCK, n - i * BLOCK)) for i in range(-(-n // BLOCK)))


@torch.no_grad()
def samples(
    vae: VAE, n: int, temperature: float = 1.0, draw: bool = False, noise: Noise | None = None
) -> Float[Tensor, "n *E"]:
    """Draw z from the prior and show p(x | z): its mean, or a draw from it.

    Args:
        vae: the model.
        n: how many.
        temperature: scales the prior's standard deviation where that is defined.
        draw: whether x is drawn from p(x | z), with the noise that the likelihood states; a likelihood that
            draws value by value has no mean to show, and is always drawn from.
        noise: gives the seed and the key; it is cut into blocks of 50 here. None takes torch's seed.

    Returns:
        x on the CPU. Means lie in the range of the data; draws of a Gaussian may leave it.

    Raises:
        CapabilityError: if the prior has no temperature.
        UserError: if n < 1.

    Example:
        >>> from vaekit import DataSpec, build_recipe
        >>> vae = build_recipe("vae", DataSpec((1, 8, 8), levels=2), latents=2).model
        >>> samples(vae, 3, draw=True, noise=Noise(0, (), ())).unique().tolist()
        [0.0, 1.0]
    """
    if n < 1:
        raise UserError(f"at least one sample must be asked for, got {n}")
    source = noise or Noise.fresh(n)
    found: list[Tensor] = []
    for shard in blocks(n):
        part = replace(source, shards=(shard,))
        distribution = vae.generate(shard.size, temperature=temperature, noise=part)
        if draw or isinstance(vae.likelihood, Sequential):
            with torch_seeded(_seed_of(part), vae.device):
                found.append(distribution.sample().cpu())
        else:
            found.append(vae.likelihood.centre(distribution).cpu())
    return torch.cat(found)


def _seed_of(noise: Noise) -> int:
    """A seed that a source of noise decides."""
    first = torch.zeros((), dtype=torch.float64)
    return int(noise.uniform("x", (noise.shards[0].size,), 0, first)[0].item() * 2**53)


@torch.no_grad()
def posterior_means(vae: VAE, x: Float[Tensor, "B *E"]) -> dict[str, Tensor]:
    """The mean of q at every site, each site below seeing the means above it, name to (B, d)."""
    context = vae.condition_of(x)
    features = vae.features(x, context)
    found: dict[str, Tensor] = {}

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        found[name] = cast(Distribution, vae.posteriors[name](features, prior, state)).mean
        return found[name]

    vae.latents(choose, (x.shape[0],), context)
    return found


@torch.no_grad()
def decode(vae: VAE, given: Mapping[str, Float[Tensor, "n _"]]) -> Float[Tensor, "n *E"]:
    """The picture of p(x | z) at the values given; a site that is not given takes its prior's mean.

    Codes have no mean: such a site takes the draw that the same numbers give from each prior.

    Args:
        vae: the model.
        given: values of the top site at least, (n, d) each.
    """
    n = len(next(iter(given.values())))
    found: list[Tensor] = []
    for start in range(0, n, BLOCK):
        part = {name: value[start : start + BLOCK] for name, value in given.items()}

        def choose(
            name: str, prior: Distribution, state: Tensor | None, part: Mapping[str, Tensor] = part
        ) -> Tensor:
            _ = state
            return part[name] if name in part else _typical(prior, len(next(iter(part.values()))))

        told = (
            vae.context
            if vae.context is None or len(vae.context) == 1
            else vae.context[start : start + BLOCK]
        )
        distribution = vae.walk(choose, (min(BLOCK, n - start),), told)
        found.append(vae.likelihood.centre(distribution).cpu())
    return torch.cat(found)


def _typical(prior: Distribution, n: int) -> Tensor:
    if not isinstance(prior, CodeDistribution):
        return prior.mean
    each = (1, prior.grid.positions, prior.grid.depth)
    u = Noise(0, (), (Shard(0, 1),)).uniform("typical", each, 0, prior.codebook.like)
    return prior.at(u.expand(n, -1, -1))


@torch.no_grad()
def interpolate(
    vae: VAE, a: Float[Tensor, "*E"], b: Float[Tensor, "*E"], steps: int
) -> Float[Tensor, "steps *E"]:
    """Decode the straight line between the posterior means of two examples: z = (1−t) μ(a) + t μ(b).

    Conditions are mixed by the same t. With several sites the means of every site are, too, so that the ends of the
    line are the two reconstructions. Where latents are codes, each step takes the codes nearest to the mixture.

    Args:
        vae: the model.
        a: one example.
        b: another one.
        steps: pictures, both ends included.

    Returns:
        x on the CPU.

    Raises:
        UserError: for fewer than two steps.
    """
    if steps < 2:
        raise UserError(f"an interpolation needs at least its two ends, got {steps} steps")
    ends = torch.stack([a, b])
    means = posterior_means(vae, ends)
    t = torch.linspace(0, 1, steps, device=a.device, dtype=a.dtype).unsqueeze(-1)
    if (told := vae.condition_of(ends)) is not None:
        vae = vae.given((1 - t) * told[0] + t * told[1])
    mixed = {name: (1 - t) * mean[0] + t * mean[1] for name, mean in means.items()}
    return decode(vae, {name: on_codes(vae, name, z) for name, z in mixed.items()})


@final
@dataclass(frozen=True)
class Traversal:
    """One example, moved along some dimensions of the top site.

    Args:
        x: the pictures, (rows, steps, *E).
        site: name of the top site.
        dims: the dimension that each row moves, the largest KL first.
        kl: mean KL of these dimensions, nats per example; the variance of the code where it is a point.
        unit: of `kl`: "nats", or "variance".
        deviations: t of each column: z_j = m_j + t s_j.
        nearest: the column nearest to the example's own code, for each row.
    """

    x: Float[Tensor, "rows steps *E"]
    site: str
    dims: tuple[int, ...]
    kl: tuple[float, ...]
    unit: str
    deviations: tuple[float, ...]
    nearest: tuple[int, ...]


@torch.no_grad()
def traverse(
    vae: VAE, x: Float[Tensor, "N *E"], example: int = 0, rows: int = MOST_ROWS, steps: int = 13
) -> Traversal:
    """Move one latent dimension at a time from −3 to +3 standard deviations, the others held at one code.

    Dimensions of the top site are ordered by their mean KL over x. Where the KL per dimension has no closed
    form, after a mixture was fitted for instance, it is that of q's marginal against N(0, 1):
    ½ (μ² + σ² − 1 − ln σ²). Mean and deviation are 0 and 1 for a standard normal prior, else those of the
    aggregate posterior, s² = Var μ + E σ². Sites below the top take their prior's mean given the top.

    Args:
        vae: the model.
        x: the examples whose KL and aggregate posterior count.
        example: which of x is moved.
        rows: dimensions shown at most.
        steps: columns.

    Raises:
        CapabilityError: for discrete codes, which have no dimensions to move along.

    Source: Higgins et al. 2017 (β-VAE), https://openreview.net/forum?id=Sy2fzU9gl (latent traversals).
    """
    if not has_dimensions(vae):
        raise CapabilityError(
            "discrete codes have no dimensions to move along, there is nothing between two of them: "
            "vaekit interpolate RUN 0 1 goes from one example to another"
        )
    kl, mean, variance = _moments(vae, x)
    site = next(iter(vae.latents.sites))
    rate = kl.mean(0)
    centre, spread = mean.mean(0), (mean.var(0, correction=0) + variance.mean(0)).sqrt()
    if isinstance(vae.latents.top, StandardNormal):
        centre, spread = torch.zeros_like(centre), torch.ones_like(spread)
    dims = rate.argsort(descending=True, stable=True)[:rows].tolist()
    t = torch.linspace(-3, 3, steps, device=mean.device, dtype=mean.dtype)
    z = mean[example].repeat(len(dims), steps, 1)
    for row, dim in enumerate(dims):
        z[row, :, dim] = centre[dim] + t * spread[dim]
    z = z.clamp(min=_lowest(vae.encode(x[:1])))
    own = (mean[example] - centre) / spread
    if (told := vae.condition_of(x[example : example + 1])) is not None:
        vae = vae.given(told)
    return Traversal(
        decode(vae, {site: z.flatten(0, 1)}).unflatten(0, (len(dims), steps)),
        site,
        tuple(dims),
        tuple(rate[dims].tolist()),
        "variance" if vae.deterministic else "nats",
        tuple(t.tolist()),
        tuple(int((t - own[dim]).abs().argmin()) for dim in dims),
    )


def _lowest(q: Distribution) -> float:
    """The least value of z, −∞ on the real line."""
    support: object = q.support
    while hasattr(support, "base_constraint"):
        support = getattr(support, "base_constraint", None)
    return float(getattr(support, "lower_bound", -math.inf))


def _moments(vae: VAE, x: Float[Tensor, "N *E"]) -> tuple[Tensor, Tensor, Tensor]:
    """KL per dimension, mean and variance of q at the top site, (N, d) each."""
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for part in x.split(2 * BLOCK):
        q = vae.encode(part)
        rate = q.variance if vae.deterministic else marginal_rate(q, vae.latents.top(vae.condition_of(part)))
        found.append((rate, q.mean, q.variance))
    kl, mean, variance = (torch.cat(parts) for parts in zip(*found, strict=True))
    # A code that is a point has no nats per dimension: they are ordered by how far they move.
    return ((mean - mean.mean(0)).square() if vae.deterministic else kl), mean, variance


def showcase(labels: Sequence[int] | None, n: int, most: int) -> list[int]:
    """Indices of examples to show: the classes in turn where there are labels, else the first ones.

    Args:
        labels: of the examples, or None.
        n: how many examples there are.
        most: how many are wanted.

    Example:
        >>> showcase([7, 7, 7, 3, 3], 5, 4)
        [3, 0, 4, 1]
    """
    if labels is None:
        return list(range(min(n, most)))
    turns: dict[int, int] = {}
    ranked: list[tuple[int, int, int]] = []
    for index, label in enumerate(labels):
        turns[label] = turns.get(label, -1) + 1
        ranked.append((turns[label], label, index))
    return [index for _, _, index in sorted(ranked)[:most]]
