import pytest
import torch
from torch import nn

from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.features import FeatureSpace
from vaekit.features.space import digest_of, pixels
from vaekit.spec import DataSpec


def test_pixels_are_the_examples_flattened(digits: Data) -> None:
    x = Examples.of(digits, "test")
    assert torch.equal(pixels(digits.spec.shape).features_of(x), x.all().flatten(1))


def test_a_split_and_its_batches_have_the_same_features(digits: Data) -> None:
    examples = Examples.of(digits, "test")
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    space = FeatureSpace("a", "module", "0", "none", 3, digits.spec.shape, network)
    cut = space.features_of(examples.all().split(7))
    torch.testing.assert_close(space.features_of(examples), cut)
    assert cut.shape == (180, 3)
    assert not cut.requires_grad


def test_the_hash_is_of_every_number_and_of_the_structure() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = digest_of(network, "a")
    assert len(before) == 64
    assert before != digest_of(network, "b")
    for name, tensor in network.state_dict().items():
        kept = tensor.clone()
        tensor += 1
        assert digest_of(network, "a") != before, name
        tensor.copy_(kept)
    assert digest_of(network, "a") == before


def test_other_shapes_are_refused() -> None:
    space = pixels((1, 8, 8))
    with pytest.raises(UserError, match=r"\(1, 8, 8\), but digits have \(64,\)"):
        space.check_takes(DataSpec((64,), None), "digits")
    with pytest.raises(UserError, match=r"\(1, 8, 8\)"):
        space.features(torch.zeros(2, 1, 8, 9))
    with pytest.raises(UserError, match="no examples"):
        space.features_of([])


def test_only_a_genuine_space_lends_its_name() -> None:
    names = {
        FeatureSpace("a", kind, "0", "none", 1, (1,), nn.Flatten()).frechet_name
        for kind in ("classifier", "contrastive", "module", "inception", "pixels")
    }
    assert names == {"Fréchet distance"}
    assert (
        FeatureSpace("a", "inception", "0", "none", 1, (1,), nn.Flatten(), genuine=True).frechet_name == "FID"
    )
