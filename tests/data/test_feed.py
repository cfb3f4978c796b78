"""Rows that are brought one batch ahead are the rows that were asked for."""

import numpy as np
import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.data.feed import Feed, fits
from vaekit.noise import Noise, cut

VALUES = torch.arange(60, dtype=torch.uint8).reshape(20, 3)
CPU = torch.device("cpu")


def test_rows_that_were_expected_and_rows_that_were_not() -> None:
    feed = Feed(VALUES, CPU)
    first, second = torch.tensor([3, 1, 4]), torch.tensor([1, 5, 9])
    assert torch.equal(feed.rows(first), VALUES[first])
    feed.expect(first)
    assert torch.equal(feed.rows(first), VALUES[first])
    feed.expect(first)
    assert torch.equal(feed.rows(second), VALUES[second])
    assert torch.equal(feed.rows(first), VALUES[first])


def test_an_error_in_the_thread_is_the_caller_s() -> None:
    feed = Feed(VALUES, CPU)
    feed.expect(torch.tensor([99]))
    with pytest.raises(IndexError):
        feed.rows(torch.tensor([99]))


def test_examples_read_through_a_feed_are_the_same() -> None:
    whole = Examples(VALUES, 255.0, False)
    fed = Examples(VALUES, 255.0, False, target=CPU, feed=Feed(VALUES, CPU))
    indices, noise = torch.tensor([7, 0, 19]), Noise(0, (0,), cut(3, 2))
    assert torch.equal(fed.gather(indices, noise), whole.gather(indices, noise))
    assert torch.equal(fed.all(), whole.all())
    part = fed.head(5)
    assert part.feed is not None
    assert torch.equal(part.gather(torch.tensor([4]), noise), whole.gather(torch.tensor([4]), noise))
    assert fed.index_device == CPU


def test_a_processor_always_reads_where_the_values_are() -> None:
    assert fits(CPU, 10**18)
    mapped = np.zeros((4, 3), np.uint8)
    assert Examples(torch.as_tensor(mapped), 255.0, False).feed is None
