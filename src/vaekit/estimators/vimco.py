"""VIMCO: the gradient of a multi-sample bound whose draws have no slope."""

from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.errors import UserError
from vaekit.estimators.score import score_function


def vimco(log_weight: Float[Tensor, "K B"], log_q: Float[Tensor, "K B"]) -> Float[Tensor, " B"]:
    """Return L̂ = log (1/K) Σ_k w_k, whose gradient is now an unbiased estimate of ∇ E L̂.

    ∇ = Σ_k (L̂ − L̂_{−k}) ∇ log q(z_k) + Σ_k w̃_k ∇ log w_k, w̃ = w/Σw, where L̂_{−k} has the geometric mean of the
    other weights in place of w_k: it does not depend on z_k, and tells what each draw adds to the bound.

    Args:
        log_weight: log p(x, z_k) − log q(z_k | x) of K ≥ 2 independent draws, (K, B) nats.
        log_q: log q(z_k | x), (K, B) nats, z without a gradient.

    Raises:
        UserError: for a single draw.

    Source: Mnih & Rezende 2016, https://arxiv.org/abs/1602.06725, equations 5–8.

    Example:
        >>> log_weight = torch.tensor([[0.0], [1.0], [3.0]])
        >>> log_q = torch.zeros(3, 1, requires_grad=True)
        >>> bound = vimco(log_weight, log_q)
        >>> round(bound.item(), 4)
        2.0712
        >>> bound.backward()
        >>> [round(signal, 4) for signal in log_q.grad.flatten().tolist()]  # the best draw is praised
        [-0.2378, -0.0715, 1.4896]
    """
    bound = log_weight.logsumexp(0) - log(log_weight.shape[0])
    signals = score_function(bound.expand_as(log_weight), log_q, without_each(log_weight.detach()))
    # K copies of the bound, of which one is wanted, with all their scores.
    return bound + (signals - bound).sum(0)


def without_each(log_weight: Float[Tensor, "K B"]) -> Float[Tensor, "K B"]:
    """L̂_{−k}: the bound with the geometric mean of the other weights in place of w_k, for each k, nats.

    Raises:
        UserError: for a single draw.

    Source: Mnih & Rezende 2016, https://arxiv.org/abs/1602.06725, equation 8 with the geometric mean.

    Example:
        >>> without_each(torch.tensor([[0.0], [2.0]])).flatten().tolist()
        [2.0, 0.0]
    """
    count = log_weight.shape[0]
    if count < 2:
        raise UserError(
            "VIMCO compares each draw with the others and needs at least two; ask for more samples"
        )
    others = (log_weight.sum(0) - log_weight) / (count - 1)
    own = torch.eye(count, dtype=torch.bool, device=log_weight.device).unsqueeze(-1)
    replaced = torch.where(own, others.unsqueeze(1), log_weight.unsqueeze(0))
    return replaced.logsumexp(1) - log(count)
