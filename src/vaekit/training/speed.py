"""How the networks run while they train; importing this must not import torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, final, get_args

Precision = Literal["float32", "bfloat16"]
Layout = Literal["contiguous", "channels_last"]
SpeedName = Literal["auto", "plain"]
PRECISIONS, LAYOUTS, SPEEDS = get_args(Precision), get_args(Layout), get_args(SpeedName)


@final
@dataclass(frozen=True)
class Speed:
    """One way to take the same steps; the plain one unless told otherwise.

    Args:
        precision: of the networks' arithmetic. Weights, densities, draws and sums are float32 always.
        layout: of images and kernels in memory.
        compiled: whether torch.compile fuses what the networks do.
        captured: whether a whole step is captured and replayed as one CUDA graph.

    Example:
        >>> print(Speed("bfloat16", "channels_last"))
        bfloat16, channels_last
    """

    precision: Precision = "float32"
    layout: Layout = "contiguous"
    compiled: bool = False
    captured: bool = False

    def __str__(self) -> str:
        words = [self.precision, self.layout if self.layout != "contiguous" else ""]
        words += ["compiled" if self.compiled else "", "captured" if self.captured else ""]
        return ", ".join(filter(None, words))


@final
@dataclass(frozen=True)
class Wish:
    """What a person fixes of a `Speed`; None is left to choose."""

    precision: Precision | None = None
    layout: Layout | None = None
    compiled: bool | None = None
    captured: bool | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to choose."""
        return None not in (self.precision, self.layout, self.compiled, self.captured)

    def applied(self, speed: Speed) -> Speed:
        """That way, but as it is wished.

        Example:
            >>> Wish(precision="float32").applied(Speed("bfloat16", "channels_last"))
            Speed(precision='float32', layout='channels_last', compiled=False, captured=False)
        """
        return replace(
            speed,
            precision=self.precision or speed.precision,
            layout=self.layout or speed.layout,
            compiled=speed.compiled if self.compiled is None else self.compiled,
            captured=speed.captured if self.captured is None else self.captured,
        )


def candidates(wish: Wish, device: str, images: bool, alone: bool, minutes: float) -> Sequence[Speed]:
    """The ways worth trying, the plainest first.

    On a CPU compiling gains nothing for these networks (decision 21), and there are no graphs to capture;
    elsewhere it takes a minute, which a short training does not give back.

    Args:
        wish: what is fixed.
        device: cpu, cuda or mps.
        images: whether the examples are images.
        alone: whether one process trains in one piece: graphs capture no exchange between processes, and what does
            not work in one of several cannot be passed over.
        minutes: that the training would take the plain way.

    Example:
        >>> [str(speed) for speed in candidates(Wish(), "cpu", images=True, alone=True, minutes=5)]
        ['float32', 'float32, channels_last', 'bfloat16', 'bfloat16, channels_last']
    """
    layouts: tuple[Layout, ...] = LAYOUTS if images else LAYOUTS[:1]
    ways = [Speed(precision, layout) for precision in PRECISIONS for layout in layouts]
    if device == "cuda":
        compiled = [replace(way, compiled=True) for way in ways[-1:]] if minutes > 10 and alone else []
        ways += compiled
        if alone:
            ways += [replace(way, captured=True) for way in (ways[0], ways[len(layouts) * 2 - 1], *compiled)]
    return list(dict.fromkeys(wish.applied(way) for way in ways))
