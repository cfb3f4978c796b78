"""Folders of pictures as a data set: listed, decoded once into the cache, and divided."""

import csv
import io
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt8

from vaekit.data.cache import Decoded, Facts, building, cache_root, install, open_entry
from vaekit.data.decode import HOSTILE, decode, quietly, read_header, reason
from vaekit.data.folders import first
from vaekit.data.listing import Entry, Listing
from vaekit.data.options import PictureOptions
from vaekit.data.records import Data
from vaekit.data.rows import in_rows, parts_of
from vaekit.data.splits import SplitOptions
from vaekit.data.transform import Header, Transform, resolve
from vaekit.errors import UserError

LEVELS = 256
SECONDS_BETWEEN_LINES = 5.0
_AHEAD = 4  # pictures per thread that may wait for their turn

_Report = Callable[[str], None]
_Outcome = UInt8[np.ndarray, "C H W"] | str


def load_listing(listing: Listing, options: PictureOptions, split: SplitOptions, report: _Report) -> Data:
    """Return the pictures of a listing, from the cache or decoded into it.

    Args:
        listing: what one source lists, or several joined.
        options: how pictures are made to fit.
        split: fractions and seed of the parts that no source brings itself.
        report: told what a person should know, and how the decoding goes.

    Raises:
        UserError: no picture that can be read, too many that cannot, pictures smaller than the crop, tables
            that do not match, or no room in the cache.
    """
    for note in listing.notes:
        report(f"note: {listing.name}: {note}")
    rows = in_rows(listing, split)
    decoded, transform = _decoded(listing, rows, options, report)
    bad = dict(decoded.unreadable)
    by_name = {entry.name: entry for entry in rows}
    parts = parts_of(listing, [by_name[name] for name in decoded.names], decoded.values, split)
    return Data(
        listing.name,
        parts["train"],
        parts["validation"],
        parts["test"],
        LEVELS,
        None,
        LEVELS,
        options.flip is not False,
        listing.label_names,
        listing.attribute_names,
        tuple((by_name[name].where, reason) for name, reason in bad.items()),
        transform,
    )


def _decoded(
    listing: Listing, rows: Sequence[Entry], options: PictureOptions, report: _Report
) -> tuple[Decoded, Transform]:
    """The entry of the cache, made if need be, and the transform that made it."""
    headers = _Headers()
    root = cache_root()
    with quietly():
        transform = resolve(options, listing.celeba, headers.of(rows))
        while True:
            facts = Facts(listing.name, listing.place, tuple(rows), transform)
            decoded = open_entry(root / facts.key, facts)
            if decoded is None:
                _check_crop(facts, headers)
                decoded = _decode_all(root, facts, options.unreadable, report)
            _check_unreadable(facts, decoded.unreadable, options.unreadable, report)
            # Had damaged files a say in the choice, it is made again without them.
            headers.damaged.update(name for name, _ in decoded.unreadable)
            chosen, transform = transform, resolve(options, listing.celeba, headers.of(rows))
            if chosen == transform:
                return decoded, transform


def as_table(unreadable: Sequence[tuple[str, str]]) -> str:
    """Paths and reasons as the text of a .csv file.

    Example:
        >>> as_table([("a.png", "cut, short")])
        'path,reason\\r\\na.png,"cut, short"\\r\\n'
    """
    table = io.StringIO()
    csv.writer(table).writerows([("path", "reason"), *unreadable])
    # A name on disk need not be valid UTF-8.
    return table.getvalue().encode("utf-8", "backslashreplace").decode()


@final
class _Headers:
    """Headers of pictures, each read once, damaged files left out."""

    def __init__(self) -> None:
        self.found: dict[str, Header] = {}
        self.damaged: set[str] = set()

    def of(self, rows: Sequence[Entry]) -> Iterator[Header]:
        for entry in rows:
            header = self.one(entry)
            if header is not None:
                yield header

    def one(self, entry: Entry) -> Header | None:
        if entry.name in self.damaged:
            return None
        if entry.name not in self.found:
            try:
                self.found[entry.name] = read_header(entry.open())
            except HOSTILE:
                self.damaged.add(entry.name)
                return None
        return self.found[entry.name]


def _check_crop(facts: Facts, headers: _Headers) -> None:
    side = facts.transform.crop
    if not isinstance(side, int):
        return
    for entry in facts.rows:
        header = headers.one(entry)
        if header is None or min(header.width, header.height) >= side:
            continue
        if not isinstance(_attempt(entry, Transform("none", (1, 1), 1)), str):
            raise UserError(
                f"{entry.where} has {header.width}×{header.height} pixels, smaller than the crop of "
                f"{side}×{side}: choose a smaller --crop, or take the small pictures away"
            )


def _check_unreadable(
    facts: Facts, unreadable: Sequence[tuple[str, str]], limit: float, report: _Report
) -> None:
    """Say which files cannot be read, and stop where they are too many."""
    count, listed = len(unreadable), len(facts.rows)
    if count == 0:
        return
    shown = first([f"{name} ({why[:80]})" for name, why in unreadable])
    if count == listed:
        raise UserError(f"{facts.name}: none of {listed:,} pictures can be read: {shown[:200]}")
    if count > limit * listed:
        raise UserError(
            f"{facts.name}: {count:,} of {listed:,} pictures cannot be read, more than --unreadable {limit:g} "
            f"allows: {shown[:150]}; mend or remove them, or allow more"
        )
    report(f"{count:,} of {listed:,} pictures cannot be read and are left out: {shown}")


def _decode_all(root: Path, facts: Facts, limit: float, report: _Report) -> Decoded:
    target = root / facts.key
    unreadable: list[tuple[str, str]] = []
    report(f"decoding {len(facts.rows):,} pictures into the cache {target}")
    with building(root, facts) as (temporary, writer):
        with closing(_outcomes(facts.rows, facts.transform)) as outcomes:
            for entry, outcome in zip(facts.rows, _timed(outcomes, len(facts.rows), report), strict=True):
                if isinstance(outcome, str):
                    unreadable.append((entry.name, outcome))
                else:
                    writer.add(entry.name, outcome)
        unreadable.sort()
        _check_unreadable(facts, unreadable, limit, lambda line: None)
        install(temporary, facts, writer, unreadable, target)
    decoded = open_entry(target, facts)
    if decoded is None:
        raise UserError(f"the cache {target} was damaged while it was written; try once more")
    return decoded


def _attempt(entry: Entry, transform: Transform) -> _Outcome:
    """The pixels, or the reason why there are none."""
    try:
        return decode(entry.open(), transform)
    except HOSTILE as error:
        return reason(error)


def _outcomes(rows: Sequence[Entry], transform: Transform) -> Generator[_Outcome, None, None]:
    """Decode in threads, in order, only so many ahead that memory stays flat."""
    threads = os.cpu_count() or 1
    waiting: deque[Future[_Outcome]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for entry in rows:
            waiting.append(pool.submit(_attempt, entry, transform))
            if len(waiting) >= _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _timed(outcomes: Iterator[_Outcome], count: int, report: _Report) -> Iterator[_Outcome]:
    """Pass everything on and say now and then how far it is."""
    started = latest = time.monotonic()
    for done, outcome in enumerate(outcomes, 1):
        now = time.monotonic()
        if now - latest >= SECONDS_BETWEEN_LINES:
            latest = now
            left = (now - started) / done * (count - done)
            report(f"{done / count:4.0%}  {done:,} of {count:,} pictures decoded, {left:.0f} seconds left")
        yield outcome
