from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vaekit.errors import UserError
from vaekit.files import replacing, write_text
from vaekit.training.files import read_tensors, write_tensors

TENSORS = {
    "float32": torch.tensor([[1.5, float("nan")], [float("inf"), -0.0]]),
    "float64": torch.linspace(0, 1, 7, dtype=torch.float64),
    "float16": torch.ones(3, dtype=torch.float16),
    "bfloat16": torch.ones(3, dtype=torch.bfloat16) / 3,
    "int64": torch.tensor([-(2**62), 5]),
    "int32": torch.tensor([[-1], [2]], dtype=torch.int32),
    "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(0.1),
    "whole scalar": torch.tensor(41),
    "empty": torch.zeros(0, 3),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "part": torch.arange(10)[2:5],
}
FACTS: dict[str, object] = {
    "step": 3,
    "best": -float("inf"),
    "name": "Grüße",
    "list": [1, None, 0.1],
    "deep": {"a": True},
}


def bits(tensor: Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def test_tensors_and_facts_come_back_bit_by_bit(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t.safetensors", TENSORS, FACTS)
    tensors, facts = read_tensors(tmp_path / "t.safetensors")
    assert facts == FACTS
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert (tensor.dtype, tensor.shape) == (TENSORS[name].dtype, TENSORS[name].shape)
        assert bits(tensor) == bits(TENSORS[name])


def test_nothing_but_facts(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {}, {"a": 1})
    assert read_tensors(tmp_path / "t") == ({}, {"a": 1})


def test_tensors_that_share_memory_are_written(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    write_tensors(tmp_path / "t", {"a": shared, "b": shared[1:]}, {})
    assert read_tensors(tmp_path / "t")[0]["b"].tolist() == [1, 2, 3]


def small(path: Path) -> bytes:
    write_tensors(
        path, {"mean": torch.arange(3.0), "step": torch.tensor(7), "on": torch.tensor([True])}, {"a": 1}
    )
    return path.read_bytes()


@pytest.mark.parametrize(("name", "size"), [("mean", 12), ("step", 8), ("on", 1)])
def test_a_flipped_bit_in_a_tensor_is_found_and_the_tensor_named(
    name: str, size: int, tmp_path: Path
) -> None:
    path = tmp_path / "t"
    raw = small(path)
    start = {
        "mean": raw.rindex(np.arange(3, dtype=np.float32).tobytes()),
        "step": raw.rindex(b"\x07" + b"\0" * 7),
    }
    first = start[name] if name in start else len(raw) - 1
    for place in range(first, first + size):
        damaged = bytearray(raw)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=f"tensor {name} does not match its checksum"):
            read_tensors(path)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0xFF])
def test_no_flipped_byte_passes(mask: int, tmp_path: Path) -> None:
    """Every byte of the file in turn, headers and checksums included; spaces that only pad are no data."""
    path = tmp_path / "t"
    raw = small(path)
    header = 8 + int.from_bytes(raw[:8], "little")
    padding = range(raw.rindex(b"}", 0, header) + 1, header)
    for place in range(len(raw)):
        if place in padding:
            continue
        damaged = bytearray(raw)
        damaged[place] ^= mask
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            read_tensors(path)


def test_no_truncated_file_passes(tmp_path: Path) -> None:
    path = tmp_path / "t"
    raw = small(path)
    for length in range(0, len(raw), 7):
        path.write_bytes(raw[:length])
        with pytest.raises(UserError):
            read_tensors(path)


def test_a_foreign_file_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "t"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(UserError, match="not written by vaekit"):
        read_tensors(path)
    for content in (b"", b"hello, this is text\n" * 9, b"\0" * 200):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged or truncated"):
            read_tensors(path)
    for absent in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match="no such model file"):
            read_tensors(absent)


def test_checksums_that_are_no_mapping_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "t"
    digest = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    save_file({"a": torch.zeros(2)}, path, {"facts": "[]", "facts_sha256": digest, "sha256": "[]"})
    with pytest.raises(UserError, match="checksums cannot be read"):
        read_tensors(path)


class CrashError(Exception):
    pass


def test_a_failed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise CrashError

    with pytest.raises(CrashError):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "t.txt", "σ² −1\n")
    assert (tmp_path / "t.txt").read_bytes() == "σ² −1\n".encode()


def test_a_disk_that_refuses_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"could not write .*none/t .*No such file"):
        write_tensors(tmp_path / "none" / "t", {"a": torch.zeros(2)}, {})
