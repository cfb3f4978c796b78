from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vaekit.commands import data as data_command
from vaekit.commands import pack as pack_command
from vaekit.data import Factors, binarised, draw_shapes, draw_sprites, fingerprint, load, sprite_factors
from vaekit.data.arrays import load_arrays
from vaekit.data.batches import Examples
from vaekit.data.drawn import FACTORS, SHAPES, draw_factors
from vaekit.data.options import PictureOptions
from vaekit.data.records import Data, Split
from vaekit.data.sprites import ANGLES, PLACES, SIZES
from vaekit.errors import UserError


def test_sprites_are_a_source_with_classes_and_factors() -> None:
    data = load("sprites")
    assert [len(data.train), len(data.validation), len(data.test)] == [7372, 922, 922]
    assert (data.name, data.levels, data.spec.shape) == ("sprites", 256, (1, 32, 32))
    assert (data.label_names, data.factor_names) == (SHAPES, FACTORS)
    for part in (data.train, data.validation, data.test):
        assert part.factors is not None
        assert part.labels is not None
        assert np.array_equal(part.factors[:, 0], part.labels)


def test_every_combination_comes_once_and_no_two_look_the_same() -> None:
    table, pictures = sprite_factors().table(), draw_sprites()
    assert len(np.unique(table, axis=0)) == len(table) == 3 * len(SIZES) * len(ANGLES) * len(PLACES) ** 2
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == len(table)
    assert np.abs(np.corrcoef(table.T) - np.eye(5)).max() < 1e-12


def test_sprites_are_drawn_as_shapes_are() -> None:
    """Corners are rounded to finer pixels, a few of 64 more or less: 16 of 256 levels."""
    chosen = np.random.default_rng(0).permutation(9216)[:200]
    table = sprite_factors().table()[chosen]
    expected = draw_shapes(Factors(table[:, 0].astype(np.int64), *table[:, 1:].T))
    difference = np.abs(expected.astype(int) - draw_sprites()[chosen])
    assert difference.max() <= 16
    assert difference.mean() < 0.05


def test_no_sprite_is_cut_by_the_edge() -> None:
    edge = np.ones((32, 32), bool)
    edge[1:-1, 1:-1] = False
    pictures, size = draw_sprites(), sprite_factors().size
    assert pictures[size < 9][:, edge].max() == 0
    mass = pictures.sum((1, 2), dtype=int).reshape(3, len(SIZES), len(ANGLES), -1)
    assert (mass.max(-1) - mass.min(-1)).max() < 0.01 * mass.min()


def test_another_number_of_levels_is_refused() -> None:
    with pytest.raises(UserError, match="sprites have 256 levels, not 2"):
        load("sprites", levels=2)


def test_shapes_bring_their_factors() -> None:
    data = load("shapes")
    assert data.factor_names == FACTORS
    assert data.test.factors is not None
    assert np.array_equal(data.test.factors, draw_factors().of(data.test))


def numbered(count: int = 30) -> dict[str, np.ndarray]:
    """Examples whose values are their numbers, and whose factors are that and twice that."""
    row = np.arange(count)
    values = np.repeat(row[:, None, None], 4, 1).repeat(4, 2).astype(np.uint8)
    return {"x": values, "factors": np.stack([row, 2 * row], 1)}


def agree(data: Data) -> bool:
    parts = (data.train, data.validation, data.test)
    return all(
        part.factors is not None
        and part.factors.dtype == np.float64
        and np.array_equal(part.factors[:, 1], 2 * part.index_in_source)
        for part in parts
    )


def test_factors_of_files_stay_with_their_examples(tmp_path: Path) -> None:
    given = numbered()
    names = np.array(["row", "twice"])
    np.savez(tmp_path / "made.npz", x=given["x"], factors=given["factors"], factor_names=names)
    data = load(str(tmp_path / "made.npz"), pictures=PictureOptions(flip=True))
    assert (data.name, data.factor_names, data.flip) == ("made", ("row", "twice"), True)
    assert agree(data)
    assert np.array_equal(data.train.array[:, 0, 0, 0], data.train.factors[:, 0])  # pyright: ignore[reportOptionalSubscript]
    assert agree(binarised(data, "fixed"))
    assert agree(replace(data, flip=False))


def test_taken_examples_keep_their_factors() -> None:
    split = Split(np.arange(3)[:, None], factors=np.array([[1.0], [2.0], [3.0]]))
    assert split.take(np.array([2, 0])).factors.tolist() == [[3.0], [1.0]]  # pyright: ignore[reportOptionalMemberAccess]


def test_factors_change_neither_fingerprint_nor_batches() -> None:
    given = numbered()
    data, bare = load_arrays("made", given), load_arrays("made", {"x": given["x"]})
    assert fingerprint(data) == fingerprint(bare)
    assert (bare.factor_names, bare.train.factors) == ((), None)
    assert len(Examples.of(data, "test", "cpu", 0)) == 3


def test_own_splits_bring_their_own_factors_without_names() -> None:
    given = numbered()
    train = {"x_train": given["x"], "factors_train": given["factors"]}
    data = load_arrays("made", train | {"test": given["x"], "test_factors": given["factors"]})
    assert data.factor_names == ("factor 1", "factor 2")
    assert agree(data)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"factors": np.zeros((29, 2))}, r"factors have shape \(29, 2\), but one row .* 30 examples"),
        ({"factors": np.zeros((30, 2, 2))}, "factors have shape"),
        ({"factors": np.full((30, 2), np.nan)}, "finite numbers"),
        ({"factors": np.full((30, 2), "red")}, "number the classes"),
        ({"factor_names": np.array(["one"])}, "2 factors have 1 names"),
        ({"test": np.zeros((3, 4, 4), np.uint8)}, "cannot stand beside own splits"),
    ],
)
def test_factors_that_do_not_fit_are_refused(changed: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_arrays("made", numbered() | changed)


def test_names_without_factors_are_refused() -> None:
    with pytest.raises(UserError, match="factor_names, but no factors"):
        load_arrays("made", {"x": numbered()["x"], "factor_names": np.array(["one"])})


def test_a_split_refuses_factors_of_another_length() -> None:
    with pytest.raises(UserError, match="3 examples has 2 factors"):
        Split(np.zeros((3, 2)), factors=np.zeros((2, 1)))


def test_the_command_tells_of_factors_and_of_what_packs_leave_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_command.main(["sprites"]) == 0
    assert "factors      shape (3 values), size (6 values), angle (8 values)" in capsys.readouterr().out
    assert (tmp_path / "sprites-contact-sheet.png").is_file()
    np.savez(tmp_path / "made.npz", x=numbered()["x"], factors=numbered()["factors"])
    assert pack_command.main(["made.npz", "-o", "pack"]) == 0
    told = capsys.readouterr()
    assert "packs hold no factors: evaluate with" in told.out + told.err
    assert load("pack").factor_names == ()
