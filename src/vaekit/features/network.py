"""The networks that are trained for their features, in words, and the examples that they are standardised by."""

from jaxtyping import Float
from torch import Tensor

from vaekit.data.batches import Examples, spaced_places
from vaekit.nets.extractor import FEATURES, HIDDEN, WIDTHS, Extractor, is_residual
from vaekit.noise import Noise, Shard

__all__ = ["FEATURES", "Extractor", "architecture", "spread_over"]

_MOST = 10_000


def architecture(shape: tuple[int, ...], features: int = FEATURES) -> str:
    """What the network of such examples is, in words.

    Example:
        >>> architecture((64,))
        'MLP 256, 256 of (64,) to 128'
    """
    kind, widths = ("residual", WIDTHS) if is_residual(shape) else ("MLP", HIDDEN)
    return f"{kind} {', '.join(map(str, widths))} of {shape} to {features}"


def spread_over(examples: Examples, seed: int) -> Float[Tensor, "M *E"]:
    """At most 10,000 examples from everywhere in a split: sources may come sorted by class."""
    places = spaced_places(len(examples), _MOST).to(examples.index_device)
    return examples.gather(places, Noise(seed, ("features", "moments"), (Shard(0, len(places)),)))
