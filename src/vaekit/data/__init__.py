"""Data, checked and divided into train, validation and test; names are imported when first used."""

from typing import TYPE_CHECKING

from vaekit.lazy import names_on_demand

if TYPE_CHECKING:
    from vaekit.data.arrays import load_arrays
    from vaekit.data.binarise import binarised
    from vaekit.data.content import fingerprint
    from vaekit.data.datasets import MapStyle, load_dataset
    from vaekit.data.digits import load_digits
    from vaekit.data.drawn import Factors, draw_factors, draw_shapes, load_shapes
    from vaekit.data.idx import load_idx
    from vaekit.data.options import PictureOptions
    from vaekit.data.records import Binarisation, Data, Split, SplitName, unit
    from vaekit.data.sources import Source, load
    from vaekit.data.splits import SplitOptions
    from vaekit.data.sprites import draw_sprites, load_sprites, sprite_factors
    from vaekit.data.transform import Transform
    from vaekit.data.walk import is_pictures

__all__ = [
    "Binarisation",
    "Data",
    "Factors",
    "MapStyle",
    "PictureOptions",
    "Source",
    "Split",
    "SplitName",
    "SplitOptions",
    "Transform",
    "binarised",
    "draw_factors",
    "draw_shapes",
    "draw_sprites",
    "fingerprint",
    "is_pictures",
    "load",
    "load_arrays",
    "load_dataset",
    "load_digits",
    "load_idx",
    "load_shapes",
    "load_sprites",
    "sprite_factors",
    "unit",
]

_HOME = {
    "Binarisation": "records",
    "Data": "records",
    "Factors": "drawn",
    "MapStyle": "datasets",
    "PictureOptions": "options",
    "Source": "sources",
    "Split": "records",
    "SplitName": "records",
    "SplitOptions": "splits",
    "Transform": "transform",
    "binarised": "binarise",
    "draw_factors": "drawn",
    "draw_shapes": "drawn",
    "draw_sprites": "sprites",
    "fingerprint": "content",
    "is_pictures": "walk",
    "load": "sources",
    "load_arrays": "arrays",
    "load_dataset": "datasets",
    "load_digits": "digits",
    "load_idx": "idx",
    "load_shapes": "drawn",
    "load_sprites": "sprites",
    "sprite_factors": "sprites",
    "unit": "records",
}

# The command line reads SplitOptions at start-up, long before numpy is worth its import.
__getattr__ = names_on_demand(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
