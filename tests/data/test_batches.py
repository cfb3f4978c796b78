"""Order and noise of examples are functions of seeds and places alone."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
import torch

from vaekit.data import load
from vaekit.data.batches import BLOCK, Examples, epoch_order
from vaekit.data.records import Data, Split
from vaekit.noise import Noise, cut


def grey(n: int = 130, binarise: bool = False, seed: int = 0) -> Examples:
    values = torch.randint(17, (n, 1, 4, 4), generator=torch.Generator().manual_seed(1))
    return Examples(values, 16.0, binarise, seed)


@pytest.mark.parametrize("examples", [1, 2, 50, 1437])
def test_an_epoch_shows_every_example_once(examples: int) -> None:
    for seed, epoch in ((0, 0), (0, 1), (7, 300), (2**40, 5)):
        assert epoch_order(seed, epoch, examples).sort().values.tolist() == list(range(examples))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = epoch_order(3, 2, 100)
    torch.rand(5)
    state = torch.get_rng_state()
    assert torch.equal(epoch_order(3, 2, 100), first)
    assert torch.equal(torch.get_rng_state(), state)
    orders = {tuple(epoch_order(seed, epoch, 100).tolist()) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_every_example_comes_to_every_place() -> None:
    """The place of example 0 over 2000 epochs: χ² with 9 degrees of freedom, below 40 but for 8e-6."""
    places = [epoch_order(0, epoch, 10).argmin().item() for epoch in range(2000)]
    counts = torch.bincount(torch.tensor(places), minlength=10)
    assert ((counts - 200).square() / 200).sum() < 40


@pytest.mark.parametrize("stored", ["levels", "floats"])
def test_values_are_scaled_when_they_are_gathered(stored: str) -> None:
    values = np.random.default_rng(0).integers(0, 17, (30, 4, 4)).astype(np.uint8)
    data = load(values, levels=17) if stored == "levels" else load(values.astype(np.float32) / 16)
    examples = Examples.of(data, "train", seed=5)
    assert (len(examples), examples.seed) == (24, 5)
    x = examples.gather(torch.tensor([3, 0, 3]), Noise(0, (), cut(3, 1)))
    expected = torch.as_tensor(data.train.array[[3, 0, 3]]).float() / (16 if stored == "levels" else 1)
    assert x.dtype == torch.float32
    assert torch.equal(x, expected)
    assert torch.equal(examples.all()[3], expected[0])


def test_only_a_dynamic_binarisation_draws() -> None:
    values = np.random.default_rng(0).integers(0, 17, (30, 4, 4)).astype(np.uint8)
    for data in (load(values, levels=17, binarise="dynamic"), load(values, levels=17, binarise="fixed")):
        assert Examples.of(data, "train").binarise is (data.binarise == "dynamic")
        assert set(Examples.of(data, "train").all().unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("binarise", [False, True])
@pytest.mark.parametrize("blocks", [2, 3, 100])
@pytest.mark.parametrize("n", [1, 49, 50, 51, 130, 200])
def test_reading_in_order_does_not_depend_on_blocks(n: int, blocks: int, binarise: bool) -> None:
    """Neither x, nor the noise of an example, nor that of a second draw."""
    examples = grey(n, binarise)

    def read(count: int) -> list[torch.Tensor]:
        xs, draws, again = [], [], []
        places: list[int] = []
        for where, x, noise in examples.in_order(count):
            places += range(where.start, where.stop)
            xs.append(x)
            draws.append(noise.normal("z", (3, len(x), 2), 1, x).transpose(0, 1))
            other = examples.noise(where, 7)
            again.append(other.uniform("z", (len(x), 2), 0, x))
        assert places == list(range(n))
        return [torch.cat(part) for part in (xs, draws, again)]

    for one, other in zip(read(1), read(blocks), strict=True):
        assert torch.equal(one, other)


def test_every_example_and_every_sample_has_its_own_noise() -> None:
    examples = grey(130)
    x = examples.all()
    drawn = torch.cat([examples.noise(slice(0, 130), k).normal("z", (130, 1), 0, x) for k in (-1, 0, 1, 2)])
    assert len(drawn.unique()) == 4 * 130


def test_chunks_are_whole_blocks() -> None:
    sizes = [where.stop - where.start for where, _, _ in grey(230).in_order(2)]
    assert sizes == [2 * BLOCK, 2 * BLOCK, 30]


def test_validation_draws_the_same_pixels_at_each_read_and_other_seeds_others() -> None:
    first = grey(130, binarise=True).all()
    torch.rand(3)
    assert torch.equal(grey(130, binarise=True).all(), first)
    assert not torch.equal(grey(130, binarise=True, seed=1).all(), first)


def test_training_draws_new_pixels_at_each_step() -> None:
    """Two steps differ at a pixel with probability 2p(1−p), in the mean over pixels: 5 s.e."""
    examples = grey(128, binarise=True)
    one, again, two = (examples.gather(slice(0, 128), Noise(0, (step,), cut(128, 16))) for step in (4, 4, 5))
    assert torch.equal(one, again)
    p = torch.as_tensor(examples.values) / 16
    expected = 2 * p * (1 - p)
    error = (expected * (1 - expected)).sum().sqrt() / p.numel()
    assert ((one != two).float().mean() - expected.mean()).abs() < 5 * error


def test_binarised_pixels_have_the_mean_of_their_intensity() -> None:
    """For each of 17 intensities over 100 steps: 5 s.e. each, false alarm 17 · 6e-7; 0 and 1 stay."""
    examples = grey(128, binarise=True)
    steps = [examples.gather(slice(0, 128), Noise(0, (step,), cut(128, 16))) for step in range(100)]
    drawn = torch.stack(steps).mean(0)
    for level in range(17):
        here = drawn[examples.values == level]
        p = level / 16
        error = sqrt(p * (1 - p) / (100 * len(here)))
        assert abs(here.mean().item() - p) <= 5 * error + 1e-6
    assert (drawn[examples.values == 0] == 0).all()
    assert (drawn[examples.values == 16] == 1).all()


def coloured(count: int, flip: bool = True) -> Examples:
    values = torch.randint(
        0, 256, (count, 3, 4, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    return Examples(values, 255.0, False, flip=flip)


def test_training_mirrors_half_of_the_images_and_reading_in_order_none() -> None:
    """2,000 images, half of them mirrored: 4.5 standard errors of √(¼/2000)."""
    examples = coloured(2000)
    x = examples.augmented(torch.arange(2000), Noise(0, (3,), cut(2000, 16)))
    plain = examples.all()
    mirrored = (x == plain.flip(-1)).flatten(1).all(1)
    kept = (x == plain).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert abs(mirrored.float().mean() - 0.5) < 4.5 * sqrt(0.25 / 2000)
    assert torch.equal(
        coloured(200, flip=False).augmented(torch.arange(200), Noise(0, (3,), cut(200, 4))), plain[:200]
    )


def test_an_image_is_mirrored_or_not_whatever_shard_is_read_and_anew_at_each_step() -> None:
    examples = coloured(64)
    whole = Noise(0, (3,), cut(64, 4))
    x = examples.augmented(torch.arange(64), whole)
    half = examples.augmented(torch.arange(32, 64), Noise(0, (3,), whole.shards[2:]))
    assert torch.equal(x[32:], half)
    other = examples.augmented(torch.arange(64), Noise(0, (4,), cut(64, 4)))
    assert not torch.equal(x, other)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_only_the_training_split_is_mirrored(split: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (20, 1, 4, 4)).astype(np.uint8)
    part = Split(values)
    data = Data("made", part, part, part, 256, None, 256, flip=True)
    assert Examples.of(data, split).flip == (split == "train")
    assert not Examples.of(replace(data, flip=False), split).flip


@pytest.mark.parametrize("kind", [torch.uint8, torch.uint16, torch.float32])
def test_every_kind_of_stored_number_is_mirrored(kind: torch.dtype) -> None:
    values = torch.arange(2 * 3 * 4).reshape(2, 1, 3, 4).to(kind)
    examples = Examples(values, 23.0, False, flip=True)
    x = torch.stack(
        [examples.augmented(torch.tensor([0, 1]), Noise(0, (step,), cut(2, 2))) for step in range(20)]
    )
    plain = examples.gather(slice(0, 2), Noise(0, (0,), cut(2, 2)))
    mirrored = (x == plain.flip(-1)).flatten(2).all(-1)
    assert torch.equal(mirrored | (x == plain).flatten(2).all(-1), torch.ones(20, 2, dtype=torch.bool))
    assert 0 < mirrored.float().mean() < 1
