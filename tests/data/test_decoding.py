from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vaekit.data import decoding as module
from vaekit.data.decode import decode
from vaekit.data.decoding import decoded
from vaekit.data.headers import Headers
from vaekit.data.listing import Entry
from vaekit.data.transform import Header, Transform
from vaekit.errors import UserError

SMALL = Transform("square", (8, 8), 3)


@pytest.fixture
def entries(tmp_path: Path, draw: Callable[..., Path]) -> list[Entry]:
    """Twelve pictures, two of them damaged."""
    paths = [draw(tmp_path / f"{number:02}.png", number, 20 + number % 2, 16) for number in range(12)]
    for bad in (3, 11):
        paths[bad].write_bytes(paths[bad].read_bytes()[:80])
    return [Entry(path.name, path, 0) for path in paths]


@pytest.mark.parametrize("together", [1, 5, 64])
def test_chunks_keep_the_order(together: int, entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_TOGETHER", together)
    done, pixels, bad = 0, [], []
    for chunk in decoded(entries, SMALL):
        pixels += list(chunk.pixels)
        bad += [done + place for place, why in chunk.bad if why]
        done += len(chunk.pixels) + len(chunk.bad)
    assert (done, bad) == (12, [3, 11])
    sound = [entry for number, entry in enumerate(entries) if number not in bad]
    for values, entry in zip(pixels, sound, strict=True):
        np.testing.assert_array_equal(values, decode(entry.open(), SMALL))


def test_no_more_is_held_in_memory_than_a_few_chunks(
    entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_TOGETHER", 1)
    monkeypatch.setattr(module, "cores", lambda: 1)
    asked: list[Entry] = []
    chunks = decoded((asked.append(entry) or entry for entry in entries), SMALL)
    next(chunks)
    chunks.close()
    assert len(asked) == module._AHEAD


def test_a_sound_picture_smaller_than_the_crop_stops(entries: list[Entry]) -> None:
    with pytest.raises(UserError, match=r"00\.png has 20×16 pixels, smaller than the crop of 17×17: choose"):
        list(decoded(entries, Transform(17, (8, 8), 3)))
    ((chunk),) = decoded([entries[3], entries[11]], Transform(17, (8, 8), 3))
    assert len(chunk.bad) == 2


def test_headers_are_counted_and_taken_back(entries: list[Entry]) -> None:
    found = Headers(entries)
    assert next(iter(found)) == Header(20, 16, False)
    assert found.read == 1
    assert set(found) == {Header(20, 16, False), Header(21, 16, False)}
    assert sum(found.counts.values()) == found.read == 12
    odd = [(number, entry) for number, entry in enumerate(entries) if number % 2]
    found.without(odd[:3])
    found.without(odd)  # some of them once more
    assert list(found) == [Header(20, 16, False)]
    assert sum(found.counts.values()) == 6
