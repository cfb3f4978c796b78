import numpy as np
import pytest
import torch
from torch import Tensor

from vaekit.data import Data, load
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.features import FeatureOptions, Fitted, fit_space, lessons
from vaekit.features.fit import kind_for


def test_a_classifier_learns_and_says_how_well(digits: Data) -> None:
    space = fit_space(digits, FeatureOptions(epochs=8)).space
    fitted = float(space.quality.split()[1])
    assert fitted > 0.9
    assert space.name == f"classifier of digits, {space.hash[:12]}"
    assert space.describe() == f"{space.name}; 128 features; resize: none; {space.quality}"
    features = space.features_of(Examples.of(digits, "test"))
    assert features.shape == (180, 128)
    assert torch.isfinite(features).all()


def test_the_seed_decides_every_number(digits: Data, short: Fitted) -> None:
    torch.manual_seed(77)  # the global generator does not matter
    again = fit_space(digits, FeatureOptions(epochs=2))
    assert again.space.hash == short.space.hash
    assert again.facts == short.facts
    assert fit_space(digits, FeatureOptions(epochs=2, seed=1)).space.hash != short.space.hash


def test_pictures_are_told_apart_without_their_labels(digits: Data) -> None:
    """Standard error of a fraction of 180: 0.035. Untrained 0.31, after five epochs 0.43."""
    quality = fit_space(digits, FeatureOptions(kind="contrastive", epochs=5)).facts.quality
    untrained = fit_space(digits, FeatureOptions(kind="contrastive", epochs=1, lr=1e-9)).facts.quality
    assert quality is not None
    assert untrained is not None
    assert (quality.measure, quality.examples) == ("retrieval", 180)
    assert quality.value > untrained.value + 0.05


def test_pictures_without_labels_work(unlabelled: Data) -> None:
    space = fit_space(unlabelled, FeatureOptions(epochs=1)).space
    assert space.name == f"contrastive of array, {space.hash[:12]}"
    assert space.features_of(Examples.of(unlabelled, "test")).shape == (12, 128)


def test_a_table_of_any_scale_works(table: Data) -> None:
    """Blind guessing among 40 is right with probability 1/40: five or more with probability 0.003."""
    fitted = fit_space(table, FeatureOptions(epochs=15))
    assert fitted.facts.quality is not None
    assert fitted.facts.quality.value >= 5 / 40
    assert torch.isfinite(fitted.space.features_of(Examples.of(table, "test"))).all()


def test_progress_ends_at_one(digits: Data) -> None:
    seen: list[tuple[float, str]] = []

    def watch(done: float, where: str, loss: Tensor) -> None:
        assert not loss.requires_grad
        seen.append((done, where))

    fit_space(digits, FeatureOptions(epochs=1), watch=watch)
    assert seen[-1] == (1.0, "epoch 1/1")
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_labels_decide_what_is_trained(digits: Data, unlabelled: Data) -> None:
    assert kind_for(digits, "auto") == "classifier"
    assert kind_for(digits, "contrastive") == "contrastive"
    assert kind_for(unlabelled, "auto") == "contrastive"
    x = np.random.default_rng(0).random((40, 3), dtype=np.float32)
    assert kind_for(load({"x": x, "y": np.arange(40)}), "auto") == "contrastive"
    one = load({"x": x, "y": np.zeros(40, int)})
    assert kind_for(one, "auto") == "contrastive"
    with pytest.raises(UserError, match=r"one class only.*--kind contrastive"):
        kind_for(one, "classifier")
    with pytest.raises(UserError, match="no labels"):
        fit_space(unlabelled, FeatureOptions(kind="classifier"))


def test_a_loss_that_is_no_number_is_a_sentence(table: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "nt_xent", lambda a, b, temperature: (a - b).sum() * torch.nan)
    with pytest.raises(UserError, match="--lr"):
        fit_space(table, FeatureOptions(epochs=1))


def test_dynamic_binarisation_is_drawn(digits: Data) -> None:
    assert fit_space(load("digits", binarise="dynamic"), FeatureOptions(epochs=1)).facts.levels == 2
