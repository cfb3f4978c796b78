from pathlib import Path

import pytest

from vaekit.data.packs.names import ENDS, TEXT, open_names, write_names
from vaekit.errors import UserError

NAMES = ("one.png", "", "\udcff\n.png", "größer", "zz")


def test_names_of_any_kind_come_back(tmp_path: Path) -> None:
    write_names(tmp_path, NAMES)
    names = open_names(tmp_path, len(NAMES))
    assert names == NAMES
    assert tuple(names) == NAMES
    assert names[-1] == "zz"
    assert names[1:4] == NAMES[1:4]
    assert names[1:4][1:][0] == NAMES[2]
    assert names[::2] == NAMES[::2]
    assert names != NAMES[:4]
    assert len(names[3:2]) == 0
    with pytest.raises(IndexError):
        names[5]


def test_only_empty_names(tmp_path: Path) -> None:
    write_names(tmp_path, ["", ""])
    assert open_names(tmp_path, 2) == ["", ""]


@pytest.mark.parametrize("damage", [TEXT, ENDS])
def test_damaged_names_are_told(damage: str, tmp_path: Path) -> None:
    write_names(tmp_path, NAMES)
    with pytest.raises(UserError, match=r"names\.npy"):
        open_names(tmp_path, 4)
    path = tmp_path / damage
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=damage.replace(".", r"\.") + ".*pack the data again"):
        open_names(tmp_path, 5)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        open_names(tmp_path, 5)
