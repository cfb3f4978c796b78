"""Data, checked and divided into train, validation and test; names are imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaekit.data.arrays import load_arrays
    from vaekit.data.binarise import binarised
    from vaekit.data.datasets import MapStyle, load_dataset
    from vaekit.data.digits import load_digits
    from vaekit.data.idx import load_idx
    from vaekit.data.records import Binarisation, Data, Split, SplitName, unit
    from vaekit.data.sources import Source, fingerprint, load
    from vaekit.data.splits import SplitOptions

__all__ = [
    "Binarisation",
    "Data",
    "MapStyle",
    "Source",
    "Split",
    "SplitName",
    "SplitOptions",
    "binarised",
    "fingerprint",
    "load",
    "load_arrays",
    "load_dataset",
    "load_digits",
    "load_idx",
    "unit",
]

_HOME = {
    "Binarisation": "records",
    "Data": "records",
    "MapStyle": "datasets",
    "Source": "sources",
    "Split": "records",
    "SplitName": "records",
    "SplitOptions": "splits",
    "binarised": "binarise",
    "fingerprint": "sources",
    "load": "sources",
    "load_arrays": "arrays",
    "load_dataset": "datasets",
    "load_digits": "digits",
    "load_idx": "idx",
    "unit": "records",
}


def __getattr__(name: str) -> object:
    # The command line reads SplitOptions at start-up, long before numpy is worth its import.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
