import os
from pathlib import Path

import numpy as np
import pytest

from vaekit.data.packs import npy as module
from vaekit.data.packs.npy import HEADER_BYTES, header, mapped, save
from vaekit.errors import UserError

BYTES = np.dtype(np.uint8)


def test_what_is_written_to_a_mapping_stays_private(tmp_path: Path) -> None:
    save(tmp_path / "x.npy", np.arange(6, dtype=np.uint8).reshape(3, 2))
    found = mapped(tmp_path / "x.npy", (3, 2), BYTES)
    assert found.flags.writeable
    found[:] = 9
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), [[0, 1], [2, 3], [4, 5]])


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells its memory there")
def test_a_file_may_be_larger_than_the_memory(tmp_path: Path) -> None:
    sizes = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    rows = 2 * sum(int(sizes[name].split()[0]) for name in ("MemTotal", "SwapTotal"))
    path = tmp_path / "x.npy"
    with path.open("wb") as file:
        file.write(header((rows, 1024), BYTES))
        try:
            os.truncate(path, HEADER_BYTES + rows * 1024)
        except OSError:
            pytest.skip("the file system has no room for a file with a hole")
    if path.stat().st_blocks * 512 > 2**20:
        pytest.skip("the file system fills holes")
    found = mapped(path, (rows, 1024), BYTES)
    found[-1] = 7
    assert found[-1].sum() == 7 * 1024


def test_a_mapping_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    save(tmp_path / "x.npy", np.zeros(3, np.uint8))
    monkeypatch.setattr(module.mmap, "mmap", full)
    with pytest.raises(UserError, match=r"cannot map .*x\.npy into memory: Cannot allocate memory; .*ulimit"):
        mapped(tmp_path / "x.npy", (3,), BYTES)
