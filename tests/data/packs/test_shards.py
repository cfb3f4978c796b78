import io
from pathlib import Path

import numpy as np
import pytest

from vaekit.data.packs import shards as module
from vaekit.data.packs.npy import save
from vaekit.data.packs.pack import shards_of
from vaekit.data.packs.shards import Shards, dealt
from vaekit.data.records import Data, Split, chunks
from vaekit.errors import UserError

ROWS = np.arange(23 * 6, dtype=np.uint8).reshape(23, 2, 3)


def stored(folder: Path, shards: int, start: int = 5, stop: int = 23) -> Shards:
    for shard in range(max(1, shards)):
        name = f"values-{shard:05}-of-{shards:05}.npy" if shards else "values.npy"
        save(folder / name, ROWS[shard :: max(1, shards)])
    return shards_of(folder, shards, len(ROWS), (start, stop), (2, 3), ROWS.dtype)


@pytest.mark.parametrize("shards", [0, 1, 3, 7, 23])
@pytest.mark.parametrize("span", [(5, 23), (0, 5), (2, 3), (0, 23)])
def test_they_read_as_one_array(shards: int, span: tuple[int, int], tmp_path: Path) -> None:
    found = stored(tmp_path, shards, *span)
    whole = ROWS[dealt(*span, shards)]
    assert (len(found), found.shape, found.dtype, found.ndim) == (len(whole), whole.shape, whole.dtype, 3)
    assert sum(found.lengths) == len(found)
    np.testing.assert_array_equal(np.concatenate([found.open(s) for s in range(len(found.parts))]), whole)
    for index in (slice(None), slice(1, 4), slice(-3, None), slice(None, None, 2), slice(4, 2), 0, -1):
        np.testing.assert_array_equal(found[index], whole[index])
    picked = np.random.default_rng(0).integers(-len(whole), len(whole), 40)
    np.testing.assert_array_equal(found[picked], whole[picked])
    np.testing.assert_array_equal(found[picked[:0]], whole[picked[:0]])
    assert [found[piece].shape[1:] for piece in chunks(found)] == [(2, 3)]


@pytest.mark.parametrize("index", [18, -19, np.array([3, 18]), np.array([-19])])
def test_rows_outside_are_refused(index: int | np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        stored(tmp_path, 3)[index]


def test_a_file_is_missed_only_when_it_is_touched(tmp_path: Path) -> None:
    found = stored(tmp_path, 3)
    found.parts[1].path.unlink()
    found.check()
    first, second, _ = found.lengths
    np.testing.assert_array_equal(found[:first], ROWS[dealt(5, 23, 3)][:first])
    for touch in (slice(0, first + 1), first, np.array([0, first + second - 1])):
        with pytest.raises(UserError, match=r"values-00001-of-00003\.npy is missing"):
            found[touch]


@pytest.mark.parametrize(
    ("fault", "words"), [(5, "cannot read .*values.npy: Input/output error"), (0, "values.npy was cut short")]
)
def test_a_file_that_cannot_be_read_is_told(
    fault: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.RawIOBase):
        def seek(self, *place: int) -> int:
            return 0

        def readinto(self, buffer: object, /) -> int:
            if fault:
                raise OSError(fault, "Input/output error")
            return 3

    found = stored(tmp_path, 0)
    monkeypatch.setattr(module, "check", lambda *_: None)
    monkeypatch.setattr(Path, "open", lambda path, mode: Broken())
    with pytest.raises(UserError, match=words):
        found[:]


def test_a_file_may_be_a_link_and_must_be_whole(tmp_path: Path) -> None:
    found = stored(tmp_path, 2)
    path = found.parts[0].path
    path.rename(tmp_path / "elsewhere")
    path.symlink_to("elsewhere")
    np.testing.assert_array_equal(found[:], ROWS[dealt(5, 23, 2)])
    (tmp_path / "elsewhere").write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="is cut short"):
        found.check()


def test_a_split_of_shards_is_a_split(tmp_path: Path) -> None:
    whole = Split(ROWS[dealt(5, 23, 3)])
    inside = Split(stored(tmp_path, 3))
    np.testing.assert_array_equal(inside.take(np.array([4, 1])).values, whole.array[[4, 1]])
    a, b = (Data("made", part, whole, whole, 256, None, 256) for part in (whole, inside))
    assert a.spec == b.spec
    np.testing.assert_array_equal(inside.array, whole.array)
    np.testing.assert_array_equal(np.asarray(inside.values, np.float32), whole.array)
