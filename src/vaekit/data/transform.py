"""From a picture of any size to the examples' shape: what is cut out, and how large it becomes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

from vaekit.data.options import CropName, PictureOptions
from vaekit.errors import UserError

SIZE = 64
"""Height and width where nobody asks for others."""
TOLERANCE = 0.02
"""Aspects that differ by less are taken for the same."""


@final
class TooSmall(UserError):  # noqa: N818 (as UserError)
    """A picture is smaller than what shall be cut out of it.

    Args:
        width: of the picture.
        height: of the picture.
        side: of the crop.
    """

    def __init__(self, width: int, height: int, side: int) -> None:
        super().__init__(f"{width}×{height} pixels are smaller than the crop of {side}×{side}")
        self.sizes = f"{width}×{height} pixels, smaller than the crop of {side}×{side}"


@final
@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture tell.

    Args:
        width: pixels, the way up that it is shown.
        height: pixels.
        grey: whether it has no colours.
    """

    width: int
    height: int
    grey: bool


@final
@dataclass(frozen=True)
class Transform:
    """What is cut out of a picture, and what size and channels it gets.

    Args:
        crop: a square of so many pixels, or celeba, square, aspect or none, as `PictureOptions` says.
        size: height and width in pixels.
        channels: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    """

    crop: int | CropName
    size: tuple[int, int]
    channels: int

    def options(self, asked: PictureOptions, flip: bool) -> PictureOptions:
        """What was asked for, with everything decided that was left open."""
        channels = 1 if self.channels == 1 else 3
        return replace(asked, crop=self.crop, image_size=self.size, channels=channels, flip=flip)

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, upper, right and lower edge of what is cut out of a picture, in pixels.

        Raises:
            TooSmall: a picture that is smaller than the crop.

        Example:
            >>> Transform("celeba", (64, 64), 3).box(178, 218)
            (15, 35, 163, 183)
            >>> Transform("aspect", (128, 104), 3).box(178, 218)
            (0, 0, 178, 218)
        """
        wide, high = self._extent(width, height)
        left, upper = round((width - wide) / 2), round((height - high) / 2)
        return left, upper, left + wide, upper + high

    def _extent(self, width: int, height: int) -> tuple[int, int]:
        short = min(width, height)
        match self.crop:
            case "none":
                return width, height
            case "celeba":
                # The usual cut: 148 of 178×218 pixels, from forehead to chin.
                side = max(1, min(round(148 * height / 218), short))
                return side, side
            case "square":
                return short, short
            case "aspect":
                return _same_aspect(width, height, self.size)
            case side:
                if short < side:
                    raise TooSmall(width, height, side)
                return side, side


def _same_aspect(width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
    """The largest width and height of the aspect of a size."""
    wanted = size[1] / size[0]
    if abs(width / height / wanted - 1) <= TOLERANCE:
        return width, height
    if width / height > wanted:
        return max(1, round(height * wanted)), height
    return width, max(1, round(width / wanted))


def resolve(options: PictureOptions, celeba: bool, headers: Iterable[Header]) -> Transform:
    """Decide what the options leave open; reads no more headers than that takes.

    Args:
        options: what was asked for.
        celeba: whether all pictures are aligned as CelebA is.
        headers: of the pictures.

    Raises:
        UserError: not a single header, where the choice depends on them.

    Example:
        >>> resolve(PictureOptions(), False, [Header(28, 28, True), Header(28, 28, True)])
        Transform(crop='square', size=(28, 28), channels=1)
    """
    crop, size = options.crop, options.size
    if crop is None and celeba and (size is None or size[0] == size[1]):
        crop = "celeba"
    if size is None and isinstance(crop, int):
        size = (min(crop, SIZE), min(crop, SIZE))
    if size is None and crop == "celeba":
        size = (SIZE, SIZE)
    small, grey = _survey(headers, size is None, options.channels is None)
    if crop == "square" and small is not None:
        small = (min(small), min(small))
    size = size or small or (SIZE, SIZE)
    if crop is None:
        crop = "square" if size[0] == size[1] else "aspect"
    return Transform(crop, size, options.channels or (1 if grey else 3))


def _survey(headers: Iterable[Header], sizes: bool, colours: bool) -> tuple[tuple[int, int] | None, bool]:
    """The size of small pictures, None where one is larger than the default; whether all are grey.

    That size is their own where they agree, else a square of the longest short side.
    """
    if not sizes and not colours:
        return None, False
    found: set[tuple[int, int]] = set()
    grey = True
    for header in headers:
        found.add((header.height, header.width))
        grey = grey and header.grey
        sizes = sizes and max(header.width, header.height) <= SIZE
        if not sizes and not (colours and grey):
            break
    if not found:
        raise UserError("none of the pictures can be read")
    short = max(min(size) for size in found)
    return ((found.pop() if len(found) == 1 else (short, short)) if sizes else None), grey
