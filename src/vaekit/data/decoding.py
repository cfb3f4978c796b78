"""Many pictures decoded at once: in threads, in order, and only so far ahead that memory stays flat."""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import final

import numpy as np
from jaxtyping import UInt8

from vaekit.data.decode import HOSTILE, decode, reason
from vaekit.data.listing import Entry
from vaekit.data.transform import TooSmall, Transform
from vaekit.errors import UserError

_MOST_TOGETHER = 64
_MOST_BYTES = 2**25  # of decoded pictures that wait for their turn
_AHEAD = 3  # chunks per thread


@final
@dataclass(frozen=True, eq=False)
class Chunk:
    """Some neighbouring entries, decoded.

    Args:
        pixels: of those that can be read.
        bad: which of the entries cannot, and why.
    """

    pixels: UInt8[np.ndarray, "K C H W"]
    bad: tuple[tuple[int, str], ...]


def decoded(entries: Iterable[Entry], transform: Transform) -> Generator[Chunk, None, None]:
    """Decode entries in their order.

    A task of one picture would spend as much time on handing over as on decoding.

    Raises:
        UserError: a sound picture that is smaller than the crop.
    """
    threads = cores()
    size = chunk_length(transform, threads)
    waiting: deque[Future[Chunk]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for chunk in _batched(entries, size):
            waiting.append(pool.submit(_decode, chunk, transform))
            if len(waiting) >= _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chunk_length(transform: Transform, threads: int) -> int:
    """How many pictures make a chunk.

    Example:
        >>> chunk_length(Transform("none", (64, 64), 3), 2), chunk_length(Transform("none", (4096, 4096), 3), 2)
        (64, 1)
    """
    room = _MOST_BYTES // (_AHEAD * threads) // (transform.channels * prod(transform.size))
    return max(1, min(_MOST_TOGETHER, room))


def attempt(entry: Entry, transform: Transform) -> UInt8[np.ndarray, "C H W"] | str:
    """The pixels of a picture, or the reason why there are none.

    Raises:
        UserError: a sound picture that is smaller than the crop.
    """
    try:
        return decode(entry.open(), transform)
    except TooSmall as error:
        # Of a damaged file the size says nothing.
        whole = attempt(entry, Transform("none", (1, 1), 1))
        if isinstance(whole, str):
            return whole
        raise UserError(
            f"{entry.where} has {error.sizes}: choose a smaller --crop, or take the small pictures away"
        ) from error
    except HOSTILE as error:
        return reason(error)


def _decode(entries: Sequence[Entry], transform: Transform) -> Chunk:
    pixels = np.empty((len(entries), transform.channels, *transform.size), np.uint8)
    bad: list[tuple[int, str]] = []
    for place, entry in enumerate(entries):
        outcome = attempt(entry, transform)
        if isinstance(outcome, str):
            bad.append((place, outcome))
        else:
            pixels[place - len(bad)] = outcome
    return Chunk(pixels[: len(entries) - len(bad)], tuple(bad))


def _batched(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while chunk := list(islice(rest, size)):
        yield chunk
