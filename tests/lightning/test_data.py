"""Index batches: the order of vaekit's own loop, and whole blocks for held-out splits."""

import numpy as np
import pytest
import torch

from vaekit.data.batches import BLOCK, epoch_order
from vaekit.errors import UserError
from vaekit.lightning.data import InOrder, Shuffled


@pytest.mark.parametrize("epoch", [0, 3])
def test_an_epoch_is_vaekit_s_whole_batches(epoch: int) -> None:
    batches = Shuffled(examples=23, batch_size=5, seed=7)
    batches.sampler.set_epoch(epoch)
    assert len(batches) == len(list(batches)) == 4
    assert torch.equal(torch.cat(list(batches)), epoch_order(7, epoch, 23)[:20])


@pytest.mark.parametrize("examples", [1, BLOCK, 2 * BLOCK, 2 * BLOCK + 1, 500])
def test_held_out_slices_are_whole_blocks_and_cover_everything(examples: int) -> None:
    slices = list(InOrder(examples))
    assert len(slices) == len(InOrder(examples))
    assert all(where.start % BLOCK == 0 for where in slices)
    assert np.concatenate([np.arange(examples)[where] for where in slices]).tolist() == list(range(examples))


def test_the_data_module_checks_what_it_is_given() -> None:
    pytest.importorskip("lightning", reason="the extra vaekit[lightning] is not installed")
    from vaekit.lightning import VAEDataModule

    assert VAEDataModule("digits", batch_size=10**6).batch_size == 1437
    with pytest.raises(UserError, match="batch_size must be positive"):
        VAEDataModule("digits", batch_size=0)
    with pytest.raises(UserError, match="there is no split 'tset': did you mean test"):
        VAEDataModule("digits", predict="tset")


def test_a_split_is_put_on_the_device_once_and_given_back() -> None:
    pytest.importorskip("lightning", reason="the extra vaekit[lightning] is not installed")
    from vaekit.lightning import VAEDataModule

    data = VAEDataModule("digits", seed=3)
    device = torch.device("cpu")
    with torch.inference_mode():
        first = data.examples("train", device)
    assert data.examples("train", device) is first
    assert (first.seed, first.stream) == (3, "train")
    data.teardown("fit")
    assert data.examples("train", device) is not first
