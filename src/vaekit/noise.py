"""Random draws that do not depend on how a batch is cut: every shard has its own seeded stream."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import singledispatch
from hashlib import blake2b
from itertools import accumulate
from typing import Literal, final

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from vaekit.distributions.by_column import ByColumn
from vaekit.distributions.dirac import Dirac
from vaekit.distributions.flow import Flow
from vaekit.distributions.observed import Observed
from vaekit.distributions.one_hot import OneHot
from vaekit.distributions.uniforms import FromUniforms
from vaekit.errors import CapabilityError
from vaekit.estimators.gumbel import gumbel_softmax

CPU = torch.device("cpu")


@final
@dataclass(frozen=True)
class Shard:
    """A run of neighbouring examples that shares one random stream.

    Args:
        index: which shard of the global batch (or of the data set) this is.
        size: number of examples in it.
    """

    index: int
    size: int


def cut(examples: int, shards: int) -> tuple[Shard, ...]:
    """Cut a global batch into at most `shards` runs whose sizes differ by one at most.

    Example:
        >>> [shard.size for shard in cut(10, 4)]
        [2, 3, 2, 3]
        >>> len(cut(3, 16))
        3
    """
    count = min(shards, examples)
    edges = [examples * i // count for i in range(count + 1)]
    return tuple(Shard(i, edges[i + 1] - edges[i]) for i in range(count))


@final
@dataclass(frozen=True)
class Noise:
    """The source of all randomness of one batch.

    The numbers of a shard depend on (seed, key, name, shard.index) alone: not on the rank, the
    micro-batch or the chunk the shard falls into, nor on what was drawn before.

    Args:
        seed: the seed of the run.
        key: what makes this batch different from others, the step for instance.
        shards: the shards that this batch holds, in order; their sizes add up to the batch.
        window: first and one past the last of the shards' examples that are in the batch, where not all are.
        tape: where numbers that were drawn before are kept, if anywhere.

    Example:
        >>> whole = Noise(0, (7,), cut(8, 4))
        >>> half = Noise(0, (7,), cut(8, 4)[2:])
        >>> like = torch.zeros(())
        >>> a = whole.normal("z", (8, 3), batch_axis=0, like=like)
        >>> b = half.normal("z", (4, 3), batch_axis=0, like=like)
        >>> torch.equal(a[4:], b)
        True
    """

    seed: int
    key: tuple[int | str, ...]
    shards: tuple[Shard, ...]
    window: tuple[int, int] | None = None
    tape: "Tape | None" = field(default=None, compare=False)

    def part(self, start: int, stop: int) -> "Noise":
        """The source of the examples `start` … `stop − 1` of this batch: the same numbers for them.

        Example:
            >>> whole, like = Noise(0, (7,), cut(8, 4)), torch.zeros(())
            >>> some = whole.part(3, 7).normal("z", (4, 3), batch_axis=0, like=like)
            >>> torch.equal(whole.normal("z", (8, 3), 0, like)[3:7], some)
            True
        """
        first = 0 if self.window is None else self.window[0]
        start, stop = first + start, first + stop
        edges = list(accumulate((shard.size for shard in self.shards), initial=0))
        inside = [i for i in range(len(self.shards)) if edges[i] < stop and edges[i + 1] > start]
        before = edges[inside[0]]
        return replace(
            self, shards=tuple(self.shards[i] for i in inside), window=(start - before, stop - before)
        )

    def on(self, tape: "Tape") -> "Noise":
        """The same source, its numbers taken from a tape that holds them."""
        return replace(self, tape=tape)

    @classmethod
    def fresh(cls, batch: int) -> "Noise":
        """A source seeded by torch's global generator, for use outside training."""
        return cls(int(torch.randint(2**31, ()).item()), (), (Shard(0, batch),))

    def normal(self, name: str, shape: Sequence[int], batch_axis: int, like: Tensor) -> Tensor:
        """Draw ε ~ N(0, I) of the given full shape; `batch_axis` is the axis that the shards cut."""
        return self._draw("normal", name, shape, batch_axis, like)

    def uniform(self, name: str, shape: Sequence[int], batch_axis: int, like: Tensor) -> Tensor:
        """Draw u ~ U[0, 1) of the given full shape; `batch_axis` is the axis that the shards cut."""
        return self._draw("uniform", name, shape, batch_axis, like)

    def _draw(
        self,
        kind: Literal["normal", "uniform"],
        name: str,
        shape: Sequence[int],
        batch_axis: int,
        like: Tensor,
    ) -> Tensor:
        if self.tape is not None:
            return self.tape.take(replace(self, tape=None), kind, name, shape, batch_axis, like)
        sample = torch.randn if kind == "normal" else torch.rand
        generator = torch.Generator(device=like.device)
        parts: list[Tensor] = []
        for shard in self.shards:
            generator.manual_seed(_seed(self.seed, *self.key, kind, name, shard.index))
            part = (*shape[:batch_axis], shard.size, *shape[batch_axis + 1 :])
            parts.append(sample(part, generator=generator, device=like.device, dtype=like.dtype))
        whole = parts[0] if len(parts) == 1 else torch.cat(parts, batch_axis)
        if self.window is None:
            return whole
        start, stop = self.window
        if stop - start != shape[batch_axis]:
            raise ValueError(f"noise for {stop - start} examples was asked for {shape[batch_axis]}")
        return whole.narrow(batch_axis, start, stop - start)


@final
class Tape:
    """Numbers at fixed places in memory, for a step that is recorded once and replayed with other numbers.

    Args:
        drawn_as: the precision to draw in, the same numbers for all; None: that in which they are first asked for.

    Example:
        >>> tape, like = Tape(), torch.zeros(())
        >>> numbers = Noise(0, (1,), cut(4, 2)).on(tape).normal("z", (4, 2), 0, like)
        >>> tape.refill(Noise(0, (2,), cut(4, 2)))
        >>> torch.equal(numbers, Noise(0, (2,), cut(4, 2)).normal("z", (4, 2), 0, like))
        True
    """

    def __init__(self, drawn_as: torch.dtype | None = None) -> None:
        self._drawn_as = drawn_as
        self._kept: dict[tuple[Literal["normal", "uniform"], str, tuple[int, ...], int], Tensor] = {}

    def take(
        self,
        source: Noise,
        kind: Literal["normal", "uniform"],
        name: str,
        shape: Sequence[int],
        batch_axis: int,
        like: Tensor,
    ) -> Tensor:
        """The numbers of that name and shape; drawn from `source` when they are first asked for."""
        key = (kind, name, tuple(shape), batch_axis)
        if key not in self._kept:
            drawn = like if self._drawn_as is None else like.to(self._drawn_as)
            self._kept[key] = source._draw(kind, name, shape, batch_axis, drawn)
        return self._kept[key] if self._drawn_as is None else self._kept[key].to(like.dtype)

    def to(self, dtype: torch.dtype) -> "Tape":
        """The same numbers in another precision."""
        other = Tape()
        other._kept = {key: kept.to(dtype) for key, kept in self._kept.items()}
        return other

    def refill(self, source: Noise) -> None:
        """Draw everything that was ever asked for anew, into the same places."""
        for (kind, name, shape, batch_axis), kept in self._kept.items():
            kept.copy_(source._draw(kind, name, shape, batch_axis, kept))


def _seed(*parts: int | str) -> int:
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def draw(distribution: Distribution, batch_shape: Sequence[int], noise: Noise, name: str) -> Tensor:
    """Draw z of shape (*batch_shape, *E), reparameterised where the family allows it.

    The distribution's own batch shape may lack leading sample dimensions: it is broadcast, and every
    sample gets its own noise.

    Args:
        distribution: with batch shape () or any suffix of `batch_shape`.
        batch_shape: (*S, B).
        noise: the source; its shards cut the axis B.
        name: of the site; different sites get independent noise.

    Raises:
        CapabilityError: if the family cannot be drawn from.

    Example:
        >>> q = Normal(torch.zeros(4), torch.ones(4), validate_args=False)
        >>> draw(q, (2, 4), Noise(0, (), cut(4, 2)), "z").shape
        torch.Size([2, 4])
    """
    shape = (*batch_shape, *distribution.event_shape)
    return from_noise(distribution, shape, len(batch_shape) - 1, noise, name)


@singledispatch
def from_noise(
    distribution: Distribution, shape: Sequence[int], batch_axis: int, noise: Noise, name: str
) -> Tensor:
    """Full shape in, draw out; families without a rule draw from torch's generators, seeded for each batch.

    Such a draw is reproducible, but an example's depends on which shards are in its batch: `Noise.part` and
    several processes give it other numbers. `from_noise.register` adds a rule.
    """
    lead = tuple(shape[: batch_axis + 1])
    if noise.tape is not None:
        raise CapabilityError(
            f"site {name}: a captured step cannot draw from a {type(distribution).__name__}"
        )
    seed = _seed(noise.seed, *noise.key, "family", name, *(shard.index for shard in noise.shards))
    device = _device_of(distribution)
    with torch_seeded(seed, device):
        wide = distribution.expand(lead)
        return wide.rsample() if distribution.has_rsample else wide.sample()


@contextmanager
def torch_seeded(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """Seed torch's global generators inside, and leave them as they were: some functions take no other.

    Args:
        seed: a non-negative whole number.
        device: whose generator is seeded beside the processor's.

    Example:
        >>> with torch_seeded(0):
        ...     a = torch.rand(2)
        >>> with torch_seeded(0):
        ...     torch.equal(a, torch.rand(2))
        True
    """
    # torch.manual_seed would wake every kind of device.
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield


def _device_of(distribution: Distribution) -> torch.device:
    try:
        return distribution.mean.device
    except NotImplementedError:
        return CPU


@from_noise.register
def _(d: Dirac, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    _ = batch_axis, noise, name
    return d.value.expand(tuple(shape))


@from_noise.register
def _(d: Normal, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    return d.loc + d.scale * noise.normal(name, shape, batch_axis, d.loc)


@from_noise.register
def _(d: MultivariateNormal, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    eps = noise.normal(name, shape, batch_axis, d.loc)
    return d.loc + (d._unbroadcasted_scale_tril @ eps.unsqueeze(-1)).squeeze(-1)


@from_noise.register
def _(d: Bernoulli, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    probs = d.probs
    return (noise.uniform(name, shape, batch_axis, probs) < probs).to(probs.dtype)


@from_noise.register
def _(d: Independent, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    return from_noise(d.base_dist, shape, batch_axis, noise, name)


@from_noise.register
def _(d: Flow, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    return d.pushed(from_noise(d.base, shape, batch_axis, noise, name))


@from_noise.register
def _(d: Observed, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    return from_noise(d.base, shape, batch_axis, noise, name)


@from_noise.register
def _(d: FromUniforms, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    return d.at_uniforms(noise.uniform(name, (*shape, d.uniforms), batch_axis, d.mean))


@from_noise.register
def _(d: OneHot, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    lead = (*shape[:-1], *d.logits.shape[-2:])
    if d.temperature is None:
        return d.corners(noise.uniform(name, lead[:-1], batch_axis, d.logits))
    uniform = noise.uniform(f"{name}/relaxed", lead, batch_axis, d.logits)
    return gumbel_softmax(d.logits, uniform, d.temperature, d.hard).flatten(-2)


@from_noise.register
def _(d: ByColumn, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    parts = enumerate(zip(d.groups, d.columns, strict=True))
    return d.joined(
        [from_noise(p, (*shape[:-1], len(own)), batch_axis, noise, f"{name}/{i}") for i, (p, own) in parts]
    )


@from_noise.register
def _(d: MixtureSameFamily, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    # A mixture with a batch shape of its own, one for each latent dimension, chooses a component for each.
    cut_at = len(shape) - len(d.event_shape)
    lead = tuple(shape[:cut_at])
    probs = d.mixture_distribution.probs
    u = noise.uniform(name + "/component", lead, batch_axis, probs)
    cumulative = probs.cumsum(-1)
    index = (u.unsqueeze(-1) > cumulative).sum(-1).clamp(max=probs.shape[-1] - 1)
    every = (*lead, probs.shape[-1], *shape[cut_at:])
    draws = from_noise(d.component_distribution, every, batch_axis, noise, name)
    picked = index.reshape(*index.shape, *[1] * (draws.ndim - index.ndim))
    return draws.take_along_dim(picked, cut_at).squeeze(cut_at)
