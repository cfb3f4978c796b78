import io
import pickle
import random
import warnings

import numpy as np
import pytest

from vaekit.data.arrays import LABEL_KEYS, VALUE_KEYS, load_arrays, read_npy, read_npz
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


def numbered(count, start=0):
    return np.repeat(np.arange(start, start + count)[:, None], 3, axis=1).astype(np.uint8)


@pytest.mark.parametrize("key", VALUE_KEYS)
@pytest.mark.parametrize("label", [None, *LABEL_KEYS])
def test_one_array_with_perhaps_labels(key, label):
    arrays = {key: numbered(20)} | ({label: np.arange(20)} if label else {})
    data = load_arrays("made", arrays, options=SplitOptions(0.2, 0.3))
    assert [len(data.train), len(data.validation), len(data.test)] == [10, 4, 6]
    if label:
        assert data.train.labels is not None
        assert data.train.labels.tolist() == data.train.array[:, 0].tolist()
    else:
        assert data.train.labels is None


@pytest.mark.parametrize(
    ("values", "labels"),
    [("{}", "y_{}"), ("x_{}", "y_{}"), ("X_{}", "{}_labels"), ("{}_images", "{}_labels")],
)
@pytest.mark.parametrize("validation", ["valid", "validation", "val"])
def test_own_splits_with_labels(values, labels, validation):
    arrays = {}
    for start, name in ((0, "train"), (50, validation), (100, "test")):
        arrays[values.format(name)] = numbered(7, start)
        arrays[labels.format(name)] = np.arange(start, start + 7)
    data = load_arrays("made", arrays)
    for start, name in ((0, "train"), (50, "validation"), (100, "test")):
        split = data.split(name)
        assert split.labels is not None
        assert split.array[:, 0].tolist() == split.labels.tolist() == list(range(start, start + 7))


def test_labels_may_stand_beside_some_splits_only():
    data = load_arrays("made", {"train": numbered(9), "test": numbered(3), "y_test": np.arange(3)})
    assert data.train.labels is None
    assert data.test.labels is not None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["x", "colour"], r"made holds x, colour, and 'colour' is not among the accepted keys: one of x, X"),
        (["arr_0", "arr_1"], "'arr_1' is not among the accepted keys"),
        (["x", "images"], "x and images mean the same"),
        (["train", "x_train"], "train and x_train mean the same"),
        (["x", "y", "labels"], "y and labels mean the same"),
        (["y"], "nothing to train on"),
        (["test"], "made holds test, but nothing to train on"),
        ([], "made holds no arrays, but nothing to train on"),
        (["x", "test"], "x cannot stand beside own splits"),
        (["train", "y", "test"], "y cannot stand beside own splits"),
        (["train", "y_test"], "y_test has no values beside it"),
    ],
)
def test_other_keys_are_refused_with_what_was_found_and_what_is_accepted(keys, message):
    with pytest.raises(UserError, match=message) as caught:
        load_arrays("made", {key: numbered(5) for key in keys})
    assert "accepted" in str(caught.value) or "keep one" in str(caught.value)


def test_files_return_what_was_saved(tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 3))
    np.save(tmp_path / "a.npy", np.asfortranarray(values))
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), values)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", x=values, y=np.arange(4))
        arrays = read_npz(tmp_path / "a.npz")
        assert list(arrays) == ["x", "y"]
        np.testing.assert_array_equal(arrays["x"], values)


class Trap:
    """Unpickling it would raise."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


def test_pickled_objects_are_never_loaded(tmp_path):
    objects = np.array([Trap()], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=objects)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Trap()))
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Trap()))
    for name in ("a", "b"):
        with pytest.raises(UserError, match=f"cannot read .*{name}.npy"):
            read_npy(tmp_path / f"{name}.npy")
        with pytest.raises(UserError, match=f"cannot read .*{name}.npz"):
            read_npz(tmp_path / f"{name}.npz")


def saved(save, **arrays):
    buffer = io.BytesIO()
    save(buffer, *arrays.values()) if save is np.save else save(buffer, **arrays)
    return buffer.getvalue()


PLAIN = saved(np.save, x=numbered(30))
ARCHIVE = saved(np.savez, x=numbered(30), y=np.arange(30))
COMPRESSED = saved(np.savez_compressed, x=numbered(30), y=np.arange(30))


def header(text):
    return b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        PLAIN[:50],
        PLAIN[:-1],
        ARCHIVE,
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}\n"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999999,)}\n"),
        header("{'descr': (), 'fortran_order': False, 'shape': (3,)}\n"),
        header("{[]: 1}\n"),
        header("{'a': " * 50 + "\n"),
        header("-" * 5000 + "1\n"),
    ],
)
def test_damaged_npy_files_are_named(tmp_path, content):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"cannot read .*a\.npy: .*write it again"):
        read_npy(path)


@pytest.mark.parametrize("content", [b"", b"hello", ARCHIVE[:100], ARCHIVE[:-30], COMPRESSED[:-1]])
def test_damaged_npz_files_are_named(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"cannot read .*a\.npz: .*write it again"):
        read_npz(path)


def test_one_array_under_the_name_of_an_archive_is_told(tmp_path):
    (tmp_path / "a.npz").write_bytes(PLAIN)
    with pytest.raises(
        UserError, match=r"a\.npz is not an \.npz archive; if it holds one array, name it \.npy"
    ):
        read_npz(tmp_path / "a.npz")


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*a\.npy"):
        read_npy(tmp_path / "a.npy")
    with pytest.raises(UserError, match=r"cannot read .*a\.npz"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "read"), [(PLAIN, read_npy), (ARCHIVE, read_npz), (COMPRESSED, read_npz)]
)
def test_a_flipped_byte_gives_an_array_or_a_sentence(tmp_path, content, read):
    rng, path, refused = random.Random(0), tmp_path / "a", 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 2, 4])):
            damaged[rng.randrange(min(128, len(damaged)) if content is PLAIN else len(damaged))] = rng.choice(
                [rng.randrange(256), *b"(){}[],:'0"]
            )
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers that Python 2 might have written
            try:
                read(path)
            except UserError:
                refused += 1
    assert refused > 50
