import math

import numpy as np
import pytest
import torch
from torch import nn

from vaekit.data import Data, load
from vaekit.features.lessons import Classification, Contrast, nt_xent
from vaekit.features.network import FEATURES, Extractor


def test_nt_xent_is_the_sum_of_its_formula() -> None:
    a, b = torch.randn(4, 6, dtype=torch.float64), torch.randn(4, 6, dtype=torch.float64)
    z = [row / row.norm() for row in torch.cat([a, b])]
    terms = []
    for i in range(8):
        j = (i + 4) % 8
        below = sum(math.exp((z[i] @ z[k]).item() / 0.5) for k in range(8) if k != i)
        terms.append(-math.log(math.exp((z[i] @ z[j]).item() / 0.5) / below))
    assert nt_xent(a, b, 0.5).item() == pytest.approx(sum(terms) / 8, rel=1e-9)


class Constant(nn.Module):
    """The same features of everything."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(x), FEATURES)


def test_accuracy_counts_the_labels_of_the_source() -> None:
    """A network that always says 7 is right where the label is 7; a class never seen is wrong."""
    x = np.random.default_rng(0).random((30, 4), dtype=np.float32)
    arrays = {"x_train": x, "y_train": np.r_[[7] * 15, [3] * 15], "x_test": x[:8]}
    data = load({**arrays, "y_test": np.array([7, 7, 3, 99, 7, 7, 3, 3])})
    assert data.train.labels is not None
    lesson = Classification(Constant(), data.train.labels)
    assert lesson.head.bias is not None
    with torch.no_grad():
        lesson.head.weight.zero_()
        lesson.head.bias.copy_(torch.tensor([0.0, 1.0]))
    quality = lesson.quality(data, torch.device("cpu"), 0)
    assert quality is not None
    assert (quality.value, quality.examples) == (0.5, 8)
    assert str(quality) == "accuracy 0.5000 on 8 test examples"


def test_retrieval_by_features_that_are_all_alike_is_blind(unlabelled: Data) -> None:
    quality = Contrast(Constant(), flip=False).quality(unlabelled, torch.device("cpu"), 0)
    assert quality is not None
    assert (quality.measure, quality.examples) == ("retrieval", len(unlabelled.test))
    assert quality.value == pytest.approx(1 / len(unlabelled.test))


def test_columns_are_standardised_and_a_constant_one_is_not_blown_up() -> None:
    network = Extractor((3,))
    x = torch.tensor([[1000.0, 0.001, 5.0], [3000.0, 0.003, 5.0]])
    network.standardise(x)
    seen = (x - network.mean) / network.scale
    torch.testing.assert_close(seen, torch.tensor([[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]), atol=1e-4, rtol=0)
    assert network.scale[2] == 1
