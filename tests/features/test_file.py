from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.features import Fitted, load_space, save_space
from vaekit.tensors import read_tensors, write_tensors


@pytest.fixture
def path(short: Fitted, tmp_path: Path) -> Path:
    save_space(tmp_path / "a.safetensors", short)
    return tmp_path / "a.safetensors"


def test_a_space_comes_back(path: Path, short: Fitted, digits: Data) -> None:
    space = load_space(path)
    same = replace(space, network=short.space.network)
    assert [getattr(same, name) for name in same.__dataclass_fields__] == [
        getattr(short.space, name) for name in same.__dataclass_fields__
    ]
    examples = Examples.of(digits, "test")
    assert torch.equal(space.features_of(examples), short.space.features_of(examples))
    assert [each.name for each in path.parent.iterdir()] == ["a.safetensors"]


def test_the_file_says_what_it_is(path: Path, short: Fitted) -> None:
    _, facts = read_tensors(path)
    assert facts["name"] == short.space.name
    assert (facts["kind"], facts["data"], facts["shape"]) == ("classifier", "digits", [1, 8, 8])
    assert {"fingerprint", "quality", "resize", "version", "hash"} <= facts.keys()


def test_damage_is_told(path: Path) -> None:
    content = path.read_bytes()
    for damaged in (content[:-50], content[:-9] + bytes(b ^ 1 for b in content[-9:]), b"words"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a\.safetensors"):
            load_space(path)


def test_other_weights_under_its_name_are_told(path: Path) -> None:
    """Checksums of the single tensors would pass: somebody wrote a sound file of other weights."""
    tensors, facts = read_tensors(path)
    write_tensors(path, {name: tensor + 1 for name, tensor in tensors.items()}, facts)
    with pytest.raises(UserError, match="hash"):
        load_space(path)
    write_tensors(path, {"a": torch.zeros(1)}, facts)
    with pytest.raises(UserError, match="does not hold the network"):
        load_space(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "m.safetensors", {}, {"format": 1, "recipe": "vae"})
    with pytest.raises(UserError, match="no feature space"):
        load_space(tmp_path / "m.safetensors")
