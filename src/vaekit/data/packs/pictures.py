"""Pictures on their way into a pack: which transform, which rows, which files were left out."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Int64

from vaekit.data.decode import passing
from vaekit.data.decoding import Chunk, attempt, decoded
from vaekit.data.folders import first
from vaekit.data.headers import Headers
from vaekit.data.listing import Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.building import Build, Plan, ResumableError
from vaekit.data.packs.completing import Facts, Side, complete
from vaekit.data.packs.description import Description, Unreadable
from vaekit.data.packs.pack import Pack
from vaekit.data.packs.provenance import Key, answers_hash, asked_for, source_hash, transform_hash
from vaekit.data.rows import in_rows, parts_of
from vaekit.data.splits import SplitOptions
from vaekit.data.transform import Transform, resolve
from vaekit.errors import UserError

LEVELS = 256
SECONDS_BETWEEN_LINES = 5.0

_Report = Callable[[str], None]


@final
class Pictures:
    """A source of pictures with the options by which it is packed.

    Args:
        listing: of the source.
        split: fractions and seed of the parts that it does not bring itself.
        options: how pictures are made to fit.
        shards: number of files of the pack; 0 for one without a number.
    """

    def __init__(
        self, listing: Listing, split: SplitOptions, options: PictureOptions, shards: int = 0
    ) -> None:
        self.listing = listing
        self.split = split
        self.options = options
        self.asked = asked_for(split, None, options, shards)
        self.rows = in_rows(listing, split)
        self.source = source_hash(listing, self.rows)
        self.headers = Headers(listing.entries[place] for place in self.rows)
        self._transform: Transform | None = None

    @property
    def transform(self) -> Transform:
        """How the pictures are made to fit; what the options leave open is decided from headers."""
        if self._transform is None:
            self._transform = resolve(self.options, self.listing.celeba, self.headers)
        return self._transform

    @property
    def key(self) -> Key:
        """What decides the pixels."""
        return Key(self.source, transform_hash(self.transform))

    @cached_property
    def answers(self) -> str:
        """Changes with labels and attributes."""
        return answers_hash(self.listing)

    def settle(self, packs: Iterable[Pack]) -> None:
        """Take the transform of a pack that was made of the same files by the same options, if there is one."""
        for pack in packs:
            told = pack.description
            same = (
                told.key.startswith(f"{self.source}-")
                and told.asked.get("pictures") == self.asked["pictures"]
                and not self.mended(told)
            )
            if same and told.transform is not None:
                self._transform = told.transform
                self.headers = Headers(())
                return

    def mended(self, told: Description) -> bool:
        """Whether a file can be read now that a pack lacks for want of permission, memory or a sound disk."""
        noted = ((each.row, each.reason) for each in told.unreadable)
        return told.transform is not None and self._any_readable(noted, told.transform)

    def reconsider(self, unreadable: Sequence[Unreadable]) -> bool:
        """Choose again without files that turned out to be damaged; whether the transform is another now."""
        if not unreadable or self.headers.read == 0:
            return False
        before, entries = self.transform, self.listing.entries
        self.headers.without((each.row, entries[self.rows[each.row]]) for each in unreadable)
        self._transform = None
        return self.transform != before

    def plan(self, shards: int, remedy: str) -> Plan:
        """What has to be built."""
        transform, entries = self.transform, self.listing.entries
        held_out = 0
        if shards:
            given = sum(entry.split != "train" for entry in entries)
            held_out = given + round((self.split.test + self.split.validation) * (len(entries) - given))
        shape = (transform.channels, *transform.size)
        tag = f"{self.key}-{shards}"
        return Plan(len(entries), shape, np.dtype(np.uint8), shards, held_out, tag, "pictures", remedy)

    def fill(self, build: Build, report: _Report) -> bool:
        """Decode what is not yet in a build, and check that enough can be read.

        Returns:
            Whether the build holds; where not, damaged files had a say in the transform, or can be read now,
            and it is removed.

        Raises:
            UserError: too many that cannot, or a sound picture that is smaller than the crop.
        """
        entries = self.listing.entries
        if build.done:
            if self._any_readable(build.bad, self.transform):
                shutil.rmtree(build.folder)
                return False
            report(f"going on after {build.done:,} pictures")
        rest = (entries[place] for place in self.rows[build.done :])
        with closing(decoded(rest, self.transform)) as chunks:
            for chunk in _timed(chunks, build.done, len(self.rows), report):
                first_of_chunk = build.done
                build.append(chunk.pixels, [(first_of_chunk + place, why) for place, why in chunk.bad])
        build.finish()
        unreadable = self.unreadable(build)
        self.check(unreadable, report)
        if self.reconsider(unreadable):
            shutil.rmtree(build.folder)
            return False
        return True

    def unreadable(self, build: Build) -> tuple[Unreadable, ...]:
        """The files that a build could not read, by name."""
        entries = self.listing.entries
        found: list[Unreadable] = []
        for row, why in build.bad:
            entry = entries[self.rows[row]]
            found.append(Unreadable(row, entry.name, entry.where, why, entry.stamp))
        return tuple(sorted(found, key=lambda each: each.name))

    def check(self, unreadable: Sequence[Unreadable], report: _Report) -> None:
        """Say which files cannot be read, and stop where they are too many."""
        count, listed, limit = len(unreadable), len(self.rows), self.options.unreadable
        if count == 0:
            return
        shown = first([f"{each.name} ({each.reason[:80]})" for each in unreadable])
        if count == listed:
            raise UserError(f"{self.listing.name}: none of {listed:,} pictures can be read: {shown[:200]}")
        if count > limit * listed:
            raise ResumableError(
                f"{self.listing.name}: {count:,} of {listed:,} pictures cannot be read, more than "
                f"--unreadable {limit:g} allows: {shown[:150]}; mend or remove them, or allow more"
            )
        report(f"{count:,} of {listed:,} pictures cannot be read and are left out: {shown}")

    def complete(self, build: Build, sheet: bool) -> None:
        """Write everything beside the pixels."""
        listing, entries = self.listing, self.listing.entries
        unreadable = self.unreadable(build)
        facts = Facts(
            listing.name,
            listing.place,
            str(self.key),
            self.answers,
            self.asked,
            self.transform,
            LEVELS,
            self.options.flip is not False,
            listing.label_names,
            listing.attribute_names,
            unreadable,
        )
        parts = parts_of(listing, readable(self.rows, unreadable), self.split)
        sides = {
            part: Side(
                own.start,
                own.stop,
                own.labels,
                tuple(entries[place].name for place in own.entries),
                own.index,
                own.attributes,
                np.fromiter((entries[place].stamp for place in own.entries), np.int64, len(own.entries)),
            )
            for part, own in parts.items()
        }
        complete(build.folder, build.plan, facts, {str(part): side for part, side in sides.items()}, sheet)

    def _any_readable(self, noted: Iterable[tuple[int, str]], transform: Transform) -> bool:
        """Whether one of the files that were refused for a passing reason can be read now."""
        return any(
            not isinstance(attempt(self.listing.entries[self.rows[row]], transform), str)
            for row, why in noted
            if 0 <= row < len(self.rows) and passing(why)
        )


def readable(rows: Int64[np.ndarray, "N"], unreadable: Sequence[Unreadable]) -> Int64[np.ndarray, "M"]:
    """The entries of the rows that were not left out."""
    return np.delete(rows, [each.row for each in unreadable]) if unreadable else rows


def _timed(chunks: Iterator[Chunk], start: int, count: int, report: _Report) -> Iterator[Chunk]:
    """Pass everything on and say now and then how far it is."""
    started = latest = time.monotonic()
    done = start
    for chunk in chunks:
        yield chunk
        done += len(chunk.pixels) + len(chunk.bad)
        now = time.monotonic()
        if now - latest >= SECONDS_BETWEEN_LINES:
            latest = now
            left = (now - started) / (done - start) * (count - done)
            report(f"{done / count:4.0%}  {done:,} of {count:,} pictures decoded, {left:.0f} seconds left")
