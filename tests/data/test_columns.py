"""What is made of the columns of a data set."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("datasets", reason="the extra vaekit[datasets] is not installed")

from datasets import ClassLabel, Dataset, Features, Image, List, Value

from vaekit.data.columns import read_columns
from vaekit.data.hosted import Opened, OpenedPart
from vaekit.data.listing import Listing
from vaekit.data.records import Data, SplitName
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import stamp_of
from vaekit.errors import UserError

Columns = Mapping[str, Sequence[object]]
FILE = {"bytes": Value("binary"), "path": Value("string")}


def read(
    features: Mapping[str, object],
    parts: Mapping[SplitName, Columns],
    levels: int | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Listing | Data:
    opened: dict[SplitName, OpenedPart] = {}
    for part, columns in parts.items():
        rows = Dataset.from_dict(dict(columns), features=Features(dict(features)))
        opened[part] = OpenedPart(part, rows)
    return read_columns(Opened("set", "/set", Path("/set"), opened), levels, SplitOptions(), report)


def listing(features: Mapping[str, object], **columns: Sequence[object]) -> Listing:
    found = read(features, {"train": columns})
    assert isinstance(found, Listing)
    return found


def table(features: Mapping[str, object], columns: Columns, levels: int | None = None) -> Data:
    found = read(features, {"train": columns}, levels)
    assert isinstance(found, Data)
    return found


def contents(found: Listing) -> list[bytes]:
    opened = [entry.open() for entry in found.entries]
    return [content.getvalue() for content in opened if not isinstance(content, Path)]


def cell(content: bytes) -> dict[str, object]:
    return {"bytes": content, "path": None}


@pytest.mark.parametrize(
    ("features", "columns"),
    [
        ({"anything": Image()}, {"anything": [cell(b"a"), cell(b"b")]}),
        ({"anything": Image(decode=False)}, {"anything": [cell(b"a"), cell(b"b")]}),
        ({"anything": FILE}, {"anything": [cell(b"a"), cell(b"b")]}),
        ({"IMG": Value("binary")}, {"IMG": [b"a", b"b"]}),
        ({"jpg": Value("large_binary")}, {"jpg": [b"a", b"b"]}),
        (
            {"mask": Image(), "image": Image()},
            {"mask": [cell(b"m"), cell(b"m")], "image": [cell(b"a"), cell(b"b")]},
        ),
        ({"thumb": FILE, "photo": Image()}, {"thumb": [cell(b"t")] * 2, "photo": [cell(b"a"), cell(b"b")]}),
    ],
)
def test_which_column_holds_the_pictures(
    features: dict[str, object], columns: dict[str, list[object]]
) -> None:
    found = listing(features, **columns)
    assert contents(found) == [b"a", b"b"]
    assert [entry.name for entry in found.entries] == ["train row 0", "train row 1"]
    assert len({entry.stamp for entry in found.entries}) == 2


def test_a_choice_of_pictures_is_left_to_people() -> None:
    with pytest.raises(
        UserError, match=r"each of the columns left, right holds pictures; call the one to take"
    ):
        listing({"left": Image(), "right": Image()}, left=[cell(b"a")], right=[cell(b"a")])


def test_a_missing_picture_and_a_named_file() -> None:
    found = listing({"image": Image()}, image=[None, {"bytes": None, "path": "sub/a.png"}])
    missing, named = found.entries
    with pytest.raises(ValueError, match="there is no picture in this row"):
        missing.open()
    assert named.open() == Path("/set/sub/a.png")
    assert (named.where, named.stamp) == ("/set/sub/a.png", stamp_of(-1, 0))


@pytest.mark.parametrize(
    ("name", "feature", "given", "expected", "names"),
    [
        ("species", ClassLabel(names=["cat", "dog", "eel"]), [2, 0], [2, 0], ("cat", "dog", "eel")),
        ("label", Value("int32"), [7, 3], [1, 0], ("3", "7")),
        ("Class", Value("string"), ["dog", "cat"], [1, 0], ("cat", "dog")),
        ("target", Value("float32"), [1.0, 0.0], [None, None], ()),
        ("caption", Value("string"), ["dog", "cat"], [None, None], ()),
        ("label", ClassLabel(names=["cat", "dog"]), [-1, 1], [None, None], ()),
        ("label", Value("string"), ["cat", None], [None, None], ()),
    ],
)
def test_labels(
    name: str, feature: object, given: list[object], expected: list[int | None], names: tuple[str, ...]
) -> None:
    found = listing({"image": Image(), name: feature}, image=[cell(b"a"), cell(b"b")], **{name: given})
    assert [entry.label for entry in found.entries] == expected
    assert found.label_names == names


def test_of_several_columns_of_classes_the_named_one_is_taken() -> None:
    features = {"image": Image(), "fine": ClassLabel(names=["a"]), "label": ClassLabel(names=["b"])}
    assert listing(features, image=[cell(b"a")], fine=[0], label=[0]).label_names == ("b",)
    features = {"image": Image(), "fine": ClassLabel(names=["a"]), "coarse": ClassLabel(names=["b"])}
    assert listing(features, image=[cell(b"a")], fine=[0], coarse=[0]).label_names == ("a",)


def test_labels_that_only_the_test_part_lacks() -> None:
    features = {"image": Image(), "label": ClassLabel(names=["cat", "dog"])}
    found = read(
        features,
        {
            "train": {"image": [cell(b"a")], "label": [1]},
            "test": {"image": [cell(b"b")], "label": [-1]},
        },
    )
    assert isinstance(found, Listing)
    assert [(entry.split, entry.label) for entry in found.entries] == [("train", 1), ("test", None)]
    assert found.label_names == ("cat", "dog")
    assert found.notes == ("not every row of test has a label, the labels there are left out",)


def test_columns_of_yes_and_no_are_attributes_where_every_row_answers() -> None:
    features = {"image": Image(), "young": Value("bool"), "odd": Value("bool"), "smiling": Value("bool")}
    found = listing(
        features,
        image=[cell(b"a"), cell(b"b")],
        young=[True, False],
        odd=[None, True],
        smiling=[True, True],
    )
    assert found.attribute_names == ("young", "smiling")
    assert [entry.attributes for entry in found.entries] == [b"\1\1", b"\0\1"]


def test_numbers_are_a_table() -> None:
    features = {
        "a": Value("float32"),
        "label": Value("string"),
        "b": Value("int64"),
        "c": Value("bool"),
        "__index_level_0__": Value("int64"),
    }
    rows = 10
    lines: list[str] = []
    columns = {
        "a": [row / 4 for row in range(rows)],
        "label": ["x", "y"] * 5,
        "b": list(range(rows)),
        "c": [True, False] * 5,
        "__index_level_0__": list(range(rows)),
    }
    found = read(features, {"train": columns}, report=lines.append)
    assert isinstance(found, Data)
    assert (found.spec.shape, found.levels, found.label_names) == ((3,), None, ("x", "y"))
    assert lines == ["set: a table of 3 columns: a, b, c, and label for labels"]
    for part in (found.train, found.validation, found.test):
        assert part.values.dtype == np.float32
        assert part.labels is not None
        for row, values, label in zip(part.index_in_source, part.array, part.labels, strict=True):
            assert (values.tolist(), label) == ([row / 4, row, row % 2 == 0], row % 2)


def test_whole_numbers_are_floats_unless_their_levels_are_given() -> None:
    features, values = {"a": Value("int64")}, list(range(17))
    assert table(features, {"a": values}).levels is None
    levelled = table(features, {"a": values}, 17)
    assert (levelled.levels, levelled.train.values.dtype) == (17, np.dtype(np.uint8))


def test_own_parts_of_a_table_are_kept() -> None:
    found = read({"a": Value("float64")}, {"train": {"a": [1.0] * 9}, "test": {"a": [2.0, 3.0]}})
    assert isinstance(found, Data)
    assert [len(found.train), len(found.validation), len(found.test)] == [8, 1, 2]
    assert found.test.array.tolist() == [[2.0], [3.0]]


@pytest.mark.parametrize(
    ("features", "columns", "message"),
    [
        (
            {"a": Value("float32"), "name": Value("string"), "codes": List(Value("float32"))},
            {"a": [1.0], "name": ["x"], "codes": [[1.0]]},
            r"set has no column of pictures, and is no table of numbers for name \(string\), codes \(List\): call",
        ),
        ({"blob": Value("binary")}, {"blob": [b"a"]}, r"no table of numbers for blob \(binary\)"),
        ({"label": Value("int64")}, {"label": [1]}, r"set has labels \(label\), but neither pictures nor"),
        ({"a": Value("int64")}, {"a": [None, None, None]}, r"set \(train\): every value is missing"),
    ],
)
def test_columns_that_nothing_can_be_made_of(
    features: dict[str, object], columns: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        table(features, columns)
