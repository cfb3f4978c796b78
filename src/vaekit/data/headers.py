"""What the headers of many pictures tell, each read once, and counted instead of kept."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import final

from vaekit.data.decode import HOSTILE, read_header
from vaekit.data.listing import Entry
from vaekit.data.transform import Header


@final
class Headers:
    """The different headers among pictures, read no further than they are asked for.

    Args:
        entries: the pictures, in the order in which they are looked at.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.counts: Counter[Header] = Counter()
        self.damaged = 0
        self.read = 0
        self._rest = iter(entries)
        self._passed: set[str] = set()

    def __iter__(self) -> Iterator[Header]:
        """Yield every different header at least once."""
        yield from list(self.counts)
        for entry in self._rest:
            self.read += 1
            if entry.name in self._passed:
                continue
            header = _read(entry)
            if header is None:
                self.damaged += 1
            else:
                self.counts[header] += 1
                yield header

    def without(self, damaged: Iterable[tuple[int, Entry]]) -> None:
        """Forget pictures that turned out to be damaged, given where they stand."""
        for place, entry in damaged:
            if entry.name in self._passed:
                continue
            header = _read(entry) if place < self.read else None
            if header is not None and self.counts[header] > 0:
                self.counts[header] -= 1
            self._passed.add(entry.name)
        self.counts = +self.counts


def _read(entry: Entry) -> Header | None:
    try:
        return read_header(entry.open())
    except HOSTILE:
        return None
