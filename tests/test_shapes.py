import pytest
import torch
from torch import Tensor
from torch.nn import BatchNorm1d, Flatten, Linear, Module

from vaekit.shapes import mean_over_samples, over_batch, sum_rightmost


class Recorder(Module):
    """Notes the shapes that a network sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape))
        return x


@pytest.mark.parametrize(
    ("shape", "event_ndim", "seen"),
    [
        ((4, 3), 1, (4, 3)),
        ((5, 4, 3), 1, (20, 3)),
        ((2, 5, 4, 3), 1, (40, 3)),
        ((5, 4, 1, 8, 8), 3, (20, 1, 8, 8)),
        ((4, 1, 8, 8), 3, (4, 1, 8, 8)),
    ],
)
def test_networks_see_one_leading_dimension(shape, event_ndim, seen) -> None:
    net = Recorder()
    h = torch.randn(shape)
    assert torch.equal(over_batch(net, h, event_ndim), h)
    assert net.seen == [seen]


def test_the_event_may_change_its_shape() -> None:
    assert over_batch(Flatten(), torch.zeros(2, 5, 4, 1, 8, 8), event_ndim=3).shape == (2, 5, 4, 64)


def test_every_row_gets_what_the_network_gives_it_alone() -> None:
    net, h = Linear(3, 2), torch.randn(2, 5, 4, 3)
    torch.testing.assert_close(over_batch(net, h, 1)[1, 2, 3], net(h[1, 2, 3]))


def test_a_batch_normalisation_sees_samples_and_batch_together() -> None:
    h = torch.randn(5, 4, 3)
    expected = BatchNorm1d(3)(h.reshape(20, 3)).reshape(5, 4, 3)
    torch.testing.assert_close(over_batch(BatchNorm1d(3), h, 1), expected)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_sum_rightmost(count) -> None:
    values = torch.randn(2, 3, 4)
    expected = values.sum(list(range(3 - count, 3))) if count else values
    torch.testing.assert_close(sum_rightmost(values, count), expected)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_mean_over_samples_keeps_the_batch(shape) -> None:
    values = torch.randn(shape)
    torch.testing.assert_close(mean_over_samples(values), values.reshape(-1, 4).mean(0))
