"""Plain .npy files as packs use them: a header of fixed length, checked against what is expected, then mapped."""

import mmap
import os
import sys
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from vaekit.errors import UserError

HEADER_BYTES = 128
_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)  # Python names it from 3.13 on


def header(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    """The first bytes of a .npy file of format 1.0, as many of them whatever the count.

    Example:
        >>> byte = np.dtype(np.uint8)
        >>> len(header((0, 3, 64, 64), byte)), len(header((10**9, 3, 64, 64), byte))
        (128, 128)
    """
    text = repr({"descr": dtype.str, "fortran_order": False, "shape": shape})
    body = text.ljust(HEADER_BYTES - 11).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


def save(path: Path, array: Shaped[np.ndarray, "..."]) -> None:
    """Write a small array."""
    with path.open("wb") as file:
        file.write(header(array.shape, array.dtype))
        file.write(np.ascontiguousarray(array).data)
        file.flush()
        os.fsync(file.fileno())


def check(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Make sure that a file holds an array of that shape and type, whole; reads only its header.

    Raises:
        UserError: a file that is missing, cut short, or holds something else.
    """
    try:
        with path.open("rb") as file:
            start = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing: put it back, or pack the data again with vaekit pack") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    if start != header(shape, dtype):
        raise UserError(
            f"{path} does not hold what pack.json says, {'×'.join(map(str, shape))} of {dtype.name}; "
            "pack the data again with vaekit pack"
        )
    expected = HEADER_BYTES + prod(shape) * dtype.itemsize
    if size != expected:
        state = "cut short" if size < expected else "too long"
        raise UserError(
            f"{path} is {state}: {size:,} bytes instead of {expected:,}; pack the data again with vaekit pack"
        )


def mapped(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> Shaped[np.ndarray, "..."]:
    """Map a checked file into memory; changes to the array stay private.

    Raises:
        UserError: as `check`, and where there is no room for the addresses.
    """
    check(path, shape, dtype)
    # A private mapping: torch would warn of memory that it may not write to.
    try:
        if sys.platform != "linux":
            return np.memmap(path, dtype, "c", HEADER_BYTES, shape).view(np.ndarray)
        # Linux would set memory aside for all that could be written, however little is.
        flags, access = mmap.MAP_PRIVATE | _NORESERVE, mmap.PROT_READ | mmap.PROT_WRITE
        with path.open("rb") as file:
            content = mmap.mmap(
                file.fileno(), HEADER_BYTES + prod(shape) * dtype.itemsize, flags=flags, prot=access
            )
    except OSError as error:
        raise UserError(
            f"cannot map {path} into memory: {error.strerror or error}; allow more address space (ulimit -v)"
        ) from error
    return np.ndarray(shape, dtype, content, HEADER_BYTES)
