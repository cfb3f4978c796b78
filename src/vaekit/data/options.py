"""How pictures become examples; light enough for the command line to import at start-up."""

from dataclasses import dataclass
from typing import Literal, final, get_args

from vaekit.errors import UserError, nearest

CropName = Literal["celeba", "square", "aspect", "none"]
CROP_NAMES: tuple[str, ...] = get_args(CropName)
MOST_SIDE = 4096
MOST_UNREADABLE = 0.1


@final
@dataclass(frozen=True)
class PictureOptions:
    """How a folder of pictures becomes an array, and which pictures training may mirror.

    Args:
        crop: what is cut out around the centre: a square of so many pixels; celeba: 148 pixels where the
            picture is 218 high, and in proportion; square: of the short side; aspect: as much as image_size
            has the shape of; none: the whole picture. Default: celeba for CelebA; aspect where image_size is
            no square; else square.
        image_size: height and width in pixels after resizing, as in 128 104, or one number for a square.
            Default: 64; pictures that are all smaller keep their size.
        channels: 1 for grey, 3 for colour. Default: 1 where every picture is grey.
        flip: whether training sees mirror images too. Default: true for pictures in files.
        unreadable: largest fraction of the listed files that may be unreadable.

    Raises:
        UserError: a value outside these.

    Example:
        >>> PictureOptions(crop="celeba", image_size=128).size
        (128, 128)
    """

    crop: int | CropName | None = None
    image_size: int | tuple[int, int] | None = None
    channels: Literal[1, 3] | None = None
    flip: bool | None = None
    unreadable: float = MOST_UNREADABLE

    def __post_init__(self) -> None:
        _check_crop(self.crop)
        _check_size(self.image_size)
        if self.channels not in (None, 1, 3):
            raise UserError(f"--channels must be 1 (grey) or 3 (colour), got {self.channels}")
        if self.flip not in (None, True, False):
            raise UserError(f"--flip must be true or false, got {self.flip}")
        limit = self.unreadable
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= 1:
            raise UserError(f"--unreadable must be a fraction between 0 and 1, got {limit}")

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width, where they were given."""
        size = self.image_size
        return (size, size) if isinstance(size, int) else size

    @property
    def shaping(self) -> tuple[str, ...]:
        """The names of the options given that shape the examples, which only pictures in files can obey."""
        given = {"crop": self.crop, "image_size": self.image_size, "channels": self.channels}
        return tuple(name for name, value in given.items() if value is not None)

    @property
    def for_files(self) -> tuple[str, ...]:
        """The names of all options given that only pictures in files can obey."""
        return (*self.shaping, *(["unreadable"] if self.unreadable != MOST_UNREADABLE else []))


def _check_crop(crop: object) -> None:
    if crop is None or crop in CROP_NAMES:
        return
    if isinstance(crop, str):
        raise UserError(f"--crop cannot be {crop}: give pixels, or a word; {nearest(crop, CROP_NAMES)}")
    if isinstance(crop, bool) or not isinstance(crop, int) or crop < 1:
        raise UserError(f"--crop must be a positive number of pixels or one of {', '.join(CROP_NAMES)}")


def _check_size(size: object) -> None:
    if size is None:
        return
    sides = size if isinstance(size, tuple) else (size,) * 2
    possible = [
        isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= MOST_SIDE for side in sides
    ]
    if possible != [True, True]:
        shown = " ".join(map(str, sides)) if isinstance(size, tuple) else size
        raise UserError(
            f"--image_size must be one whole number, or height and width, from 1 to {MOST_SIDE}; got {shown}"
        )
