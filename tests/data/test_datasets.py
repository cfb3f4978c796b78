import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from vaekit.data.datasets import load_dataset
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


class Items(Dataset):
    """A map-style dataset of given items that counts how often each is fetched."""

    def __init__(self, items):
        self.items = items
        self.fetched = [0] * len(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        self.fetched[index] += 1
        return self.items[index]


def picture(k):
    return np.full((6, 5), k, np.uint8)


KINDS = {
    "array": picture,
    "tuple of one": lambda k: (picture(k),),
    "array and int": lambda k: (picture(k), k),
    "array and tensor": lambda k: (picture(k), torch.tensor(k)),
    "array and array of one": lambda k: (picture(k), np.array([k])),
    "tensor": lambda k: torch.from_numpy(picture(k)),
    "tensor with gradient and int": lambda k: ((torch.from_numpy(picture(k)) / 255).requires_grad_(), k),
    "grey image": lambda k: Image.fromarray(picture(k)),
    "colour image and int": lambda k: (Image.new("RGB", (5, 6), (k, k, k)), k),
    "palette image": lambda k: Image.new("RGB", (5, 6), (k, k, k)).convert("P"),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_item(make):
    items = [make(k) for k in range(2, 22)]
    dataset = Items(items)
    data = load_dataset(dataset, options=SplitOptions(0.2, 0.2))
    assert set(dataset.fetched) == {1}
    assert [len(data.train), len(data.validation), len(data.test)] == [12, 4, 4]
    assert data.name == "Items"
    labelled = isinstance(items[0], tuple) and len(items[0]) == 2
    for split in (data.train, data.validation, data.test):
        assert split.values.shape[2:] == (6, 5)
        assert (split.labels is not None) == labelled
        if split.labels is not None:
            scale = 255 if data.levels is None else 1
            np.testing.assert_allclose(split.array[:, 0, 0, 0] * scale, split.labels, rtol=1e-6)


def test_palette_numbers_are_turned_into_colours():
    image = Image.new("P", (5, 6), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    data = load_dataset([image] * 3)
    assert data.train.array[0, :, 0, 0].tolist() == [200, 100, 50]


def test_torchs_own_datasets():
    data = load_dataset(TensorDataset(torch.rand(30, 3, 6, 6), torch.arange(30)))
    assert data.name == "TensorDataset"
    assert data.spec.shape == (3, 6, 6)
    assert data.levels is None
    assert load_dataset(TensorDataset(torch.randn(30, 7))).spec.shape == (7,)


def test_levels_pass_through():
    assert load_dataset(TensorDataset(torch.arange(17).reshape(17, 1) / 16), levels=17).levels == 17


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(3))


class Endless(Stream):
    def __len__(self):
        return 3


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (3, "int is no source of data"),
        (None, "NoneType is no source of data"),
        (Stream(), "Stream is no source of data"),
        (Endless(), "items cannot be fetched by index"),
        ([], "the dataset is empty"),
        ([(picture(0), 1, 2)] * 4, "item 0 is a tuple of 3"),
        ([{"image": picture(0)}] * 4, "store booleans, integers or floats"),
        ([picture(0), picture(0)[:3], picture(0)], r"item 1 is uint8 of shape \(3, 5\), but item 0"),
        ([picture(0), picture(0) / 255, picture(0)], "item 1 is float64 .*, but item 0 is uint8"),
        ([(picture(0), 1), picture(0), picture(0)], "or none may have a label"),
        ([(picture(0), np.zeros(2))] * 4, "one whole number as its label"),
        ([(picture(0), "cat")] * 4, "labels must be whole numbers"),
        ([torch.zeros(4, 4, dtype=torch.bfloat16)] * 4, "item 0 cannot be made an array"),
        ([[[0.0, 1.0], [0.0]]] * 4, "item 0 cannot be made an array"),
        ([picture(0)] * 2, "too few to divide into 3 parts"),
        ([1, 2, 3], r"an array of shape \(3,\) cannot be used"),
    ],
)
def test_what_cannot_be_gathered_is_refused(dataset, message):
    with pytest.raises(UserError, match=message):
        load_dataset(dataset)
