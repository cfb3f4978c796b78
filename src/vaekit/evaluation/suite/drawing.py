"""Samples of a model in a feature space, drawn and kept a chunk at a time."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Sequential
from vaekit.data.batches import BLOCK, Examples, spaced_places
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.features import FeatureSpace, open_space
from vaekit.features.space import pixels
from vaekit.metrics import Measuring
from vaekit.noise import Noise, Shard
from vaekit.priors import NoPrior
from vaekit.spec import DataSpec

BLOCKS = 4
"""Blocks of samples in a chunk."""
NO_PRIOR = "no prior to draw codes from: vaekit fit-prior RUN --prior gmm fits one"


def lacks_prior(subject: Subject) -> str | None:
    """Why there is nothing to draw."""
    return NO_PRIOR if isinstance(subject.vae.latents.top, NoPrior) else None


def space_of(subject: Subject, settings: Measuring) -> FeatureSpace:
    """The feature space that was named, on the model's device; without a name the values as they are.

    Raises:
        UserError: if it cannot be opened, or takes examples of another shape.
    """
    spec = subject.spec
    space = pixels(spec.shape) if settings.features is None else open_space(settings.features, spec)
    space.check_takes(spec, "these data")
    return space.to(subject.vae.device)


def beside(space: FeatureSpace) -> str:
    """What stands beside every number of a space: its name with the hash, and how examples are resized."""
    hashed = "" if space.hash[:8] in space.name else f" {space.hash[:12]}"
    return f"{space.name}{hashed}; resize: {space.resize}"


@torch.no_grad()
def block_of_samples(
    vae: VAE, spec: DataSpec, shard: Shard, seed: int, number: int, draws: bool
) -> Float[Tensor, "n *E"]:
    """One block of samples, in the range of the data: a function of the seed, the set and the block alone.

    Args:
        vae: with a prior.
        spec: of the data; values of data with levels lie in [0, 1].
        shard: place and size of the block.
        seed: of all draws.
        number: of the set.
        draws: whether x is drawn from p(x | z), and is not its mean.
    """
    noise = Noise(seed, ("evaluated samples", number), (shard,))
    distribution = vae.generate(shard.size, noise=noise)
    # `Distribution.sample` takes no generator of its own, and some means are drawn.
    first = noise.uniform("x", (shard.size,), 0, torch.zeros((), dtype=torch.float64))[0].item()
    with torch.random.fork_rng([vae.device] if vae.device.type == "cuda" else []):
        torch.manual_seed(int(first * 2**53))
        drawn = draws and not isinstance(vae.likelihood, Sequential)
        x = distribution.sample() if drawn else vae.likelihood.centre(distribution)
    return x if spec.levels is None else x.clamp(0, 1)


@final
@dataclass(frozen=True)
class Drawing:
    """Where the samples of one set go.

    Args:
        subject: whose samples are drawn.
        space: in which they are compared.
        chunks: keeps them.
        count: of samples.
        draws: whether x is drawn from p(x | z).
    """

    subject: Subject
    space: FeatureSpace
    chunks: Chunks
    count: int
    draws: bool

    @property
    def parts(self) -> int:
        """Chunks of a set."""
        return -(-self.count // (BLOCKS * BLOCK))

    def part(self, number: int, part: int) -> Float[Tensor, "n F"]:
        """The features of one chunk of a set."""
        return self.chunks.get(number * self.parts + part, lambda: {"x": self._features(number, part)})["x"]

    def _features(self, number: int, part: int) -> Float[Tensor, "n F"]:
        blocks = range(part * BLOCKS, min((part + 1) * BLOCKS, -(-self.count // BLOCK)))
        shards = [Shard(i, min(BLOCK, self.count - i * BLOCK)) for i in blocks]
        vae, spec, seed = self.subject.vae, self.subject.spec, self.subject.seed
        return torch.cat(
            [
                self.space.features(block_of_samples(vae, spec, shard, seed, number, self.draws)).cpu()
                for shard in shards
            ]
        )


@torch.no_grad()
def real_features(space: FeatureSpace, examples: Examples, most: int) -> Float[Tensor, "N F"]:
    """Features of at most so many examples, evenly spaced over the split, as splits may lie sorted by class."""
    places = spaced_places(len(examples), most)
    found: list[Tensor] = []
    for index, part in enumerate(places.split(BLOCKS * BLOCK)):
        noise = Noise(examples.seed, (examples.stream, "real"), (Shard(index, len(part)),))
        found.append(space.features(examples.gather(part.to(examples.index_device), noise)).cpu())
    return torch.cat(found)


def pictured(subject: Subject, settings: Measuring) -> str:
    """What the samples are, in words."""
    drawn = settings.draws or isinstance(subject.vae.likelihood, Sequential)
    if subject.vae.likelihood.measure == "none":
        return "decoded codes"
    return "draws from p(x|z)" if drawn else "means of p(x|z)"
