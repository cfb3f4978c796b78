"""A mixture of many diagonal Gaussians, whose density costs two products of matrices."""

import math
from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vaekit.noise import Noise, from_noise

_AT_ONCE = 2**22
"""Numbers of a table of vectors and components that are held at a time."""


@final
class DiagonalMixture(MixtureSameFamily):
    """p(z) = Σ_k π_k N(z; μ_k, diag σ_k²), batch shape ().

    Args:
        logits: log π up to a constant, (K,).
        mean: μ, (K, d).
        std: σ, (K, d).
        keys: of the example that each component comes from, (K,), where it does.

    Example:
        >>> p = DiagonalMixture(torch.zeros(2), torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1))
        >>> round(p.log_prob(torch.zeros(1)).item(), 4)
        -1.4189
    """

    def __init__(
        self,
        logits: Float[Tensor, " K"],
        mean: Float[Tensor, "K d"],
        std: Float[Tensor, "K d"],
        keys: Float[Tensor, " K"] | None = None,
    ) -> None:
        self.means, self.stds, self.keys = mean, std, keys
        components = Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)
        super().__init__(Categorical(logits=logits, validate_args=False), components, validate_args=False)

    def log_prob(
        self, x: Float[Tensor, "*B d"], out: Bool[Tensor, "_ K"] | None = None
    ) -> Float[Tensor, "*B"]:
        """Log-density, nats.

        Σ_j (z_j − μ_kj)²/σ_kj² is a sum of three products of matrices, in double precision, where their
        differences keep the digits of single precision.

        Args:
            x: z.
            out: of each example (B, K), the components to leave out; those that stay have the weights
                π_k / Σ π. At least one must stay.
        """
        logits = self.mixture_distribution.logits
        if out is not None:
            logits = logits.masked_fill(out, -torch.inf).log_softmax(-1).expand(*x.shape[:-1], -1)
            logits = logits.flatten(0, -2)
        if x.device.type == "mps" and out is None:
            return super().log_prob(x)  # which has no double precision
        rows = x.reshape(-1, x.shape[-1])
        size = max(1, _AT_ONCE // logits.shape[-1])
        parts = [
            self._of_rows(part, logits if out is None else logits[i * size : (i + 1) * size])
            for i, part in enumerate(rows.split(size))
        ]
        return torch.cat(parts).reshape(x.shape[:-1])

    def _of_rows(self, z: Float[Tensor, "n d"], logits: Float[Tensor, "*n K"]) -> Float[Tensor, " n"]:
        work = torch.float32 if z.device.type == "mps" else torch.float64
        wide, mean, std = z.to(work), self.means.to(work), self.stds.to(work)
        precision = std.square().reciprocal()
        squares = (
            wide.square() @ precision.T
            - 2 * wide @ (mean * precision).T
            + (mean.square() * precision).sum(-1)
        )
        normaliser = std.log().sum(-1) + 0.5 * mean.shape[-1] * math.log(2 * math.pi)
        return (logits.to(work) - normaliser - squares / 2).logsumexp(-1).to(z.dtype)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> MixtureSameFamily:
        """The same for more batch dimensions."""
        plain = MixtureSameFamily(self.mixture_distribution, self.component_distribution, validate_args=False)
        return plain.expand(torch.Size(batch_shape))


@from_noise.register
def _(d: DiagonalMixture, shape: Sequence[int], batch_axis: int, noise: Noise, name: str) -> Tensor:
    lead = tuple(shape[:-1])
    u = noise.uniform(name + "/component", lead, batch_axis, d.means)
    # The first component whose cumulative probability passes u.
    cumulative = d.mixture_distribution.probs.cumsum(-1)
    index = torch.searchsorted(cumulative, u.contiguous(), right=True).clamp(max=len(cumulative) - 1)
    return d.means[index] + d.stds[index] * noise.normal(name, shape, batch_axis, d.means)
