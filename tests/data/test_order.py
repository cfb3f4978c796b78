"""Batches of data in several files, and each process's part of a split."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vaekit.data.batches import BLOCK, Examples, epoch_order
from vaekit.data.order import Order
from vaekit.data.packs import npy
from vaekit.data.packs.shards import Part, Shards
from vaekit.errors import UserError
from vaekit.noise import Noise, cut


def in_files(values: np.ndarray, lengths: list[int], folder: Path) -> Shards:
    """The rows in files of those lengths; each file has two more in front, of another part."""
    parts: list[Part] = []
    for index, rows in enumerate(np.split(values, np.cumsum(lengths)[:-1])):
        path = folder / f"{index}.npy"
        npy.save(path, np.concatenate([np.zeros_like(rows[:1])] * 2 + [rows]))
        parts.append(Part(path, len(rows) + 2, 2, len(rows)))
    return Shards(tuple(parts), values.shape[1:], values.dtype)


def grey(count: int = 230) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 17, (count, 1, 4, 4)).astype(np.uint8)


@pytest.mark.parametrize("examples", [10, 23])
def test_data_in_one_piece_have_the_plain_order(examples: int) -> None:
    order = Order((examples,), 5, seed=3)
    assert order.batches == examples // 5
    for epoch in (0, 4):
        plain = epoch_order(3, epoch, examples)
        for place in range(order.batches):
            assert torch.equal(order.slots(epoch, place, slice(0, 5)), plain[5 * place : 5 * place + 5])
            assert torch.equal(order.slots(epoch, place, slice(2, 4)), plain[5 * place + 2 : 5 * place + 4])


def test_a_batch_takes_as_many_of_each_file_and_none_twice() -> None:
    lengths = (9, 12, 8, 10)
    order = Order(lengths, 8, seed=0)
    assert order.batches == 4
    batches = torch.stack([order.slots(1, place, slice(0, 8)) for place in range(4)])
    assert len(batches.unique()) == 32
    edges = torch.tensor(lengths).cumsum(0)
    files = torch.bucketize(batches, edges, right=True)
    assert (files == torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])).all()


def test_files_and_epochs_and_seeds_have_orders_of_their_own() -> None:
    drawn = [
        tuple((order.slots(epoch, 0, slice(20 * file, 20 * file + 20)) % 20).tolist())
        for order in (Order((20,) * 3, 60, seed=seed) for seed in (0, 1))
        for epoch in (-1, 0, 1)
        for file in range(3)
    ]
    assert len(set(drawn)) == 18
    assert all(sorted(places) == list(range(20)) for places in drawn)


def test_a_process_works_out_the_order_of_its_own_files_only() -> None:
    order = Order((9, 12, 8, 10), 8, seed=0)
    own = order.slots(0, 1, slice(4, 8))
    assert set(order._permutations) == {2, 3}
    assert torch.equal(own, Order((9, 12, 8, 10), 8, seed=0).slots(0, 1, slice(0, 8))[4:])
    order.slots(1, 0, slice(0, 2))
    assert set(order._permutations) == {0}


def test_what_cannot_be_dealt_is_refused() -> None:
    with pytest.raises(UserError, match=r"batch of 10 .* the 4 files .* --batch_size 8"):
        Order((9, 9, 9, 9), 10, seed=0)
    with pytest.raises(UserError, match="has 3 training examples, a batch takes 4 of each"):
        Order((9, 3), 8, seed=0)
    with pytest.raises(UserError, match="no training examples: pack them again with fewer --shards"):
        Order((9, 0), 8, seed=0)


def test_examples_in_files_are_those_in_one_piece(tmp_path: Path) -> None:
    values = grey()
    held = Examples(torch.from_numpy(values), 16.0, True, seed=2)
    files = Examples(in_files(values, [100, 40, 90], tmp_path), 16.0, True, seed=2)
    assert files.lengths == (100, 40, 90)
    assert files.device == torch.device("cpu")
    assert torch.equal(files.all(), held.all())
    indices = torch.tensor([229, 0, 139, 140, 99, 100])
    noise = Noise(0, (3,), cut(6, 2))
    assert torch.equal(files.gather(indices, noise), held.gather(indices, noise))
    assert torch.equal(files.head(120).all(), held.all()[:120])
    assert len(files.head(1000)) == 230


@pytest.mark.parametrize("world", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("filed", [False, True])
def test_the_shares_of_processes_are_the_split(world: int, filed: bool, tmp_path: Path) -> None:
    """Values, drawn pixels and noise; with more processes than blocks some have nothing."""
    values = grey()
    whole = Examples(torch.from_numpy(values), 16.0, True, seed=2)
    stored = in_files(values, [100, 40, 90], tmp_path) if filed else whole.values
    shares = [Examples(stored, 16.0, True, seed=2).share(rank, world) for rank in range(world)]
    assert sum(len(share) for share in shares) == len(whole)
    assert all(len(share) % BLOCK == 0 for share in shares[:-1])
    read = [(x, noise.normal("z", (len(x), 2), 0, x)) for share in shares for _, x, noise in share.in_order()]
    expected = [(x, noise.normal("z", (len(x), 2), 0, x)) for _, x, noise in whole.in_order()]
    for one, other in zip(zip(*read, strict=True), zip(*expected, strict=True), strict=True):
        assert torch.equal(torch.cat(one), torch.cat(other))


def test_a_share_reads_no_other_files(tmp_path: Path) -> None:
    stored = in_files(grey(), [100, 40, 90], tmp_path)
    (tmp_path / "0.npy").unlink()
    (tmp_path / "1.npy").unlink()
    share = Examples(stored, 16.0, False).share(2, 3)
    assert len(share.all()) == 80


def test_mapped_values_are_not_copied(tmp_path: Path) -> None:
    from vaekit.data import load

    np.save(tmp_path / "x.npy", grey())
    data = load(grey(), levels=17)
    assert Examples.of(data, "train").values.data_ptr() == data.train.values.ctypes.data  # pyright: ignore
