"""Batch normalisation over the examples of all processes, so that a batch means the whole batch."""

from typing import Any, final

import torch
from torch import Tensor, distributed
from torch.nn import Module, SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm


def gather_batch_statistics(model: Module, device: torch.device) -> None:
    """Let every batch normalisation of a model see the batch of all processes; names and values stay.

    Args:
        model: changed in place.
        device: on CUDA torch's own layer is taken, which knows no other device.
    """
    if device.type == "cuda":
        SyncBatchNorm.convert_sync_batchnorm(model)
        return
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm) and not isinstance(child, GatheredBatchNorm):
                setattr(parent, name, GatheredBatchNorm.of(child))


@final
class GatheredBatchNorm(_BatchNorm):
    """y = γ (x − μ) / √(σ² + ε) + β with μ and σ² over the examples of all processes, as many in each.

    μ is exchanged first and σ² = mean_r (σ²_r + (μ_r − μ)²) after it, so that nothing cancels; gradients flow
    through both. In evaluation mode the layer is the ordinary one.

    Source: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1.
    """

    @classmethod
    def of(cls, layer: _BatchNorm) -> "GatheredBatchNorm":
        """The same layer, with the same parameters and running moments."""
        made = cls(layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
        made.weight, made.bias = layer.weight, layer.bias
        made.running_mean, made.running_var = layer.running_mean, layer.running_var
        made.num_batches_tracked = layer.num_batches_tracked
        return made.train(layer.training)

    def _check_input_dim(self, input: Tensor) -> None:
        pass  # the layer that this one replaces has met such inputs

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, …); moments have at least the precision of float32."""
        if not self.training:
            return super().forward(input)
        x = input if input.dtype == torch.float64 else input.float()
        axes = [0, *range(2, x.ndim)]
        own_variance, own_mean = torch.var_mean(x, axes, correction=0)
        mean = average(own_mean)
        variance = average(own_variance + (own_mean - mean).square())
        if self.training and self.running_mean is not None:
            count = x.numel() // x.shape[1] * distributed.get_world_size()
            self._remember(mean.detach(), variance.detach() * (count / max(count - 1, 1)))
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        y = (x - mean.reshape(shape)) * scale.reshape(shape)
        return (y if self.bias is None else y + self.bias.reshape(shape)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        # momentum=None is torch's sign for a cumulative mean
        weight = 1.0 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance, weight)


def average(tensor: Tensor) -> Tensor:
    """The mean over all processes, and so are gradients on their way back."""
    averaged: Tensor = _Average.apply(tensor)
    return averaged


@final
class _Average(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        _ = ctx
        return _mean(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        _ = ctx
        return _mean(gradients[0])


def _mean(tensor: Tensor) -> Tensor:
    summed = tensor.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(summed)
    return summed / distributed.get_world_size()
