from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from vaekit.data import Data
from vaekit.errors import UserError
from vaekit.features import Fitted, open_space, save_space
from vaekit.spec import DataSpec

SPEC = DataSpec((1, 8, 8), 17)
OWN = """
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 3)
        nn.init.constant_(self.layer.weight, 0.5)
        nn.init.zeros_(self.layer.bias)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.dropout(self.layer(x.flatten(1)))

def build():
    return Own()

def picture():
    return nn.Identity()

def number():
    return 3

value = 5
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module in the current folder, which is not on Python's path."""
    (tmp_path / "own_features.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.delitem(__import__("sys").modules, "own_features", raising=False)
        yield "own_features"


def test_a_trained_file_is_opened(short: Fitted, tmp_path: Path, digits: Data) -> None:
    path = tmp_path / "s.safetensors"
    save_space(path, short)
    assert open_space(str(path), digits.spec).name == short.space.name
    with pytest.raises(
        UserError, match=r"takes examples of shape \(1, 8, 8\), but these data have \(1, 9, 9\)"
    ):
        open_space(str(path), DataSpec((1, 9, 9), 17))


def test_a_module_of_the_user(own: str) -> None:
    space = open_space(f"module:{own}:build", SPEC)
    assert space.kind == "module"
    assert space.name == f"module {own}:build, {space.hash[:12]}"
    assert space.dimensions == 3
    x = torch.ones(4, 1, 8, 8)
    # In evaluation mode: nothing is dropped.
    assert torch.equal(space.features(x), torch.full((4, 3), 32.0))
    assert space.frechet_name == "Fréchet distance"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("module:own_features:bild", "did you mean build"),
        ("module:own_features:value", "no function value"),
        ("module:own_features:number", "must return a torch.nn.Module, not a int"),
        ("module:own_features:picture", r"\(2, 1, 8, 8\)"),
        ("module:own_features", "write module:"),
        ("module:no_such_module_anywhere:build", "no_such_module_anywhere"),
        ("pixel", "pixels, a file"),
        ("nowhere.safetensors", "no feature space nowhere"),
    ],
)
def test_mistakes_are_sentences(named: str, words: str, own: str) -> None:
    with pytest.raises(UserError, match=words):
        open_space(named, SPEC)


def test_a_module_that_takes_other_examples(own: str) -> None:
    with pytest.raises(UserError, match=r"does not take examples of shape \(1, 9, 9\)"):
        open_space(f"module:{own}:build", DataSpec((1, 9, 9), 17))
