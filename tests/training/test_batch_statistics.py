"""Moments of batch normalisation, against sums by hand."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import BatchNorm2d

from vaekit.core import VAE
from vaekit.noise import Noise, cut
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.batch_statistics import statistics_estimated_on
from vaekit.training.passes import Pass
from vaekit.training.speed import Speed


def model(net: str) -> VAE:
    return build_recipe("vae", DataSpec((1, 8, 8), 17, 0.1), latents=2, net=net, size="tiny").model.eval()


def batches(sizes: tuple[int, ...] = (6, 6, 4)) -> list[tuple[Tensor, Noise]]:
    return [(torch.rand(n, 1, 8, 8), Noise(0, (i,), cut(n, 16))) for i, n in enumerate(sizes)]


def first_layers(vae: VAE) -> tuple[torch.nn.Module, BatchNorm2d]:
    modules = list(vae.encoder.modules())
    index = next(i for i, m in enumerate(modules) if isinstance(m, BatchNorm2d))
    found = modules[index]
    assert isinstance(found, BatchNorm2d)
    return modules[index - 1], found


def test_moments_are_plain_means_over_the_batches_and_return() -> None:
    vae, given = model("conv"), batches()
    convolution, layer = first_layers(vae)
    before = {name: tensor.clone() for name, tensor in vae.state_dict().items()}
    with torch.no_grad():
        seen = [convolution(x) for x, _ in given]
    mean = torch.stack([h.mean((0, 2, 3)) for h in seen]).mean(0)
    variance = torch.stack([h.transpose(0, 1).flatten(1).var(1) for h in seen]).mean(0)
    with statistics_estimated_on(vae, given):
        assert layer.running_mean is not None
        assert layer.running_var is not None
        torch.testing.assert_close(layer.running_mean, mean)
        torch.testing.assert_close(layer.running_var, variance)
        assert not any(module.training for module in vae.modules())
        assert layer.momentum == 0.1
        inside = vae.state_dict()
        assert not any(torch.equal(inside[n], before[n]) for n in before if "running" in n)
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())


def test_they_do_not_depend_on_what_was_held_before() -> None:
    vae, given = model("conv"), batches()
    _, layer = first_layers(vae)
    found: list[Tensor] = []
    for offset in (0.0, 5.0):
        assert layer.running_mean is not None
        layer.running_mean.add_(offset)
        with statistics_estimated_on(vae, given):
            found.append(layer.running_mean.clone())
    assert torch.equal(*found)


def test_full_precision_is_kept() -> None:
    """A fast training pass would give other moments than those that evaluation normalises by."""
    found: list[Tensor] = []
    for fast in (False, True):
        torch.manual_seed(0)
        vae = model("conv")
        vae.in_training = Pass(Speed("bfloat16" if fast else "float32"))
        with statistics_estimated_on(vae, batches()):
            moment = first_layers(vae)[1].running_var
            assert moment is not None
            found.append(moment.clone())
    assert torch.equal(*found)


def test_networks_without_such_layers_read_no_batch() -> None:
    def never() -> Iterator[tuple[Tensor, Noise]]:
        raise AssertionError("read")
        yield

    with statistics_estimated_on(model("mlp"), never()), statistics_estimated_on(model("resnet"), never()):
        pass
