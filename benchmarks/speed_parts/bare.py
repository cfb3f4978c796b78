"""A hand-written loop on tensors in memory: what a library can reach at best with the same network."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam

from .network import Autoencoder
from .rounds import Contender


def autocast(precision: str, device: str = "cpu") -> AbstractContextManager[object]:
    """bfloat16 where it was asked for; no weight is used twice, so no copy need be kept."""
    if precision == "bfloat16":
        return torch.autocast(device, torch.bfloat16, cache_enabled=False)
    return nullcontext()


def negative_elbo(output: Tensor, x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """½‖x − sigmoid(output)‖² + KL(q ‖ N(0, I)), mean over the batch: a Gaussian of σ = 1."""
    distortion = 0.5 * F.mse_loss(output.sigmoid(), x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - mean.square() - log_variance.exp())
    return (distortion + kl) / len(x)


def bare(name: str, network: Autoencoder, images: Tensor, batch: int, precision: str) -> Contender:
    """No library, no flip, no log, no reading of the loss: gather, forward, backward, Adam.

    Args:
        name: in the tables.
        network: trained in place, in the memory format it has.
        images: (N, C, H, W) floats, in the memory format that the network likes.
        batch: images in a step.
        precision: float32 or bfloat16.
    """
    optimiser = Adam(network.parameters(), lr=1e-3, fused=True)
    layout = torch.channels_last if precision == "bfloat16" else torch.contiguous_format
    network.train().to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    batches = endless_batches(len(images), batch)

    def take(steps: int) -> None:
        for _ in range(steps):
            x = images[next(batches)].contiguous(memory_format=layout)
            with autocast(precision):
                output, mean, log_variance = network(x)
            loss = negative_elbo(output.float(), x, mean.float(), log_variance.float())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return Contender(name, batch, take)


def endless_batches(examples: int, batch: int) -> Iterator[Tensor]:
    """Indices of whole batches, a new permutation for every pass."""
    while True:
        yield from torch.randperm(examples)[: examples // batch * batch].split(batch)


def floats(images: Tensor) -> Tensor:
    """uint8 to floats in [0, 1]."""
    return images.to(torch.float32) / 255


class JoinedEncoder(nn.Module):
    """Features and two linear layers on them, as one encoder.

    Args:
        features: (N, *E) to (N, F).
        mean: (N, F) to (N, d).
        log_variance: (N, F) to (N, d).
    """

    def __init__(self, features: nn.Module, mean: nn.Module, log_variance: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.mean = mean
        self.log_variance = log_variance

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return self.mean(features), self.log_variance(features)
