"""What a resumed run knows its data by."""

import hashlib

import numpy as np

from vaekit.data.records import Data, chunks


def fingerprint(data: Data) -> str:
    """Return a SHA-256 in hexadecimal over levels, shapes, types and bytes of the three splits.

    A resumed run compares it, and so notices that its source has changed. Names and factors, which no training
    sees, are not part of it.

    Example:
        >>> from vaekit.data import SplitOptions, load
        >>> fingerprint(load("digits")) == fingerprint(load("digits", split=SplitOptions(seed=1)))
        False
    """
    return computed(data) if data.known is None else data.known.fingerprint


def computed(data: Data) -> str:
    """The fingerprint, from every byte even where it is known."""
    digest = hashlib.sha256(f"{data.levels} {data.binarise} {data.stored_levels}".encode())
    for split in (data.train, data.validation, data.test):
        # Most sources have no attributes, and runs of such are resumed by fingerprints without a word on them.
        for array in (split.values, split.labels, *([] if split.attributes is None else [split.attributes])):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.shape} {array.dtype.str}".encode())
            for piece in chunks(array):
                digest.update(np.ascontiguousarray(array[piece]).data)
    return digest.hexdigest()
