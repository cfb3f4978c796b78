"""Ways to take the same steps: which are tried, and what a person fixes."""

import pytest
import torch
from torch import nn

from vaekit.training.passes import Pass, laid_out, lay_out_kernels
from vaekit.training.speed import Speed, Wish, candidates


def test_on_a_gpu_graphs_are_tried_by_one_process_only_and_compiling_in_long_runs_only() -> None:
    short = candidates(Wish(), "cuda", images=True, alone=True, minutes=5)
    assert any(way.captured for way in short)
    assert not any(way.compiled for way in short)
    assert any(way.compiled for way in candidates(Wish(), "cuda", images=True, alone=True, minutes=60))
    assert not any(way.captured for way in candidates(Wish(), "cuda", images=True, alone=False, minutes=60))


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
@pytest.mark.parametrize("images", [True, False])
def test_the_plain_way_comes_first_and_none_twice(device: str, images: bool) -> None:
    ways = candidates(Wish(), device, images, alone=True, minutes=60)
    assert ways[0] == Speed()
    assert len(set(ways)) == len(ways)
    assert images or all(way.layout == "contiguous" for way in ways)


def test_what_is_wished_is_never_tried_otherwise() -> None:
    ways = candidates(Wish(precision="float32", captured=False), "cuda", images=True, alone=True, minutes=60)
    assert {(way.precision, way.captured) for way in ways} == {("float32", False)}
    assert Wish("float32", "contiguous", False, False).is_whole
    assert not Wish("float32", "contiguous", False).is_whole


def test_networks_run_in_lower_precision_and_give_back_the_precision_of_what_they_got() -> None:
    net = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 8))
    x = torch.randn(16, 64)
    exact, rounded = Pass(Speed())(net, x), Pass(Speed("bfloat16"))(net, x)
    assert torch.equal(exact, net(x))
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    assert (rounded - exact).abs().max() < 0.02 * exact.abs().max()


def test_compiled_networks_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled once for each network; with a backend that compiles nothing, the way there is what is tested."""
    calls: list[nn.Module] = []

    def compiled(net: nn.Module) -> nn.Module:
        calls.append(net)
        return net

    monkeypatch.setattr(torch, "compile", compiled)
    one, other, way = nn.Linear(3, 2), nn.Linear(2, 2), Pass(Speed(compiled=True))
    for _ in range(2):
        assert torch.equal(way(other, way(one, torch.ones(1, 3))), other(one(torch.ones(1, 3))))
    assert calls == [one, other]


def test_layouts_change_no_number() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(2))
    x = torch.randn(2, 3, 8, 8)
    expected = net(x)
    lay_out_kernels(net, Speed(layout="channels_last"))
    kernel = net[0].weight
    assert isinstance(kernel, nn.Parameter)
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    laid = laid_out(x, Speed(layout="channels_last"))
    assert laid.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(net(laid), expected)
    table = torch.randn(4, 5)
    assert laid_out(table, Speed(layout="channels_last")) is table
