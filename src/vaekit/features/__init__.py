"""Named feature spaces in which sets of examples are compared; names are imported when first used."""

from typing import TYPE_CHECKING

from vaekit.lazy import names_on_demand

if TYPE_CHECKING:
    from vaekit.features.file import load_space, save_space
    from vaekit.features.fit import Fitted, fit_space
    from vaekit.features.inception import Inception
    from vaekit.features.opened import open_space
    from vaekit.features.options import FeatureOptions
    from vaekit.features.space import FeatureSpace

__all__ = [
    "FeatureOptions",
    "FeatureSpace",
    "Fitted",
    "Inception",
    "fit_space",
    "load_space",
    "open_space",
    "save_space",
]

_HOME = {
    "FeatureOptions": "options",
    "FeatureSpace": "space",
    "Fitted": "fit",
    "Inception": "inception",
    "fit_space": "fit",
    "load_space": "file",
    "open_space": "opened",
    "save_space": "file",
}

# The command line reads FeatureOptions before torch is worth its import.
__getattr__ = names_on_demand(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
