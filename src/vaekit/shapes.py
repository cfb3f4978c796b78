"""The shape contract: tensors are (*S, B, *E); networks see (N, *E)."""

from collections.abc import Callable

from torch import Tensor


def over_batch(net: Callable[[Tensor], Tensor], h: Tensor, event_ndim: int) -> Tensor:
    """Apply a network that takes (N, *E) to a tensor (*S, B, *E).

    Args:
        net: maps (N, *E) to (N, *F).
        h: input of shape (*S, B, *E).
        event_ndim: number of dimensions of E.

    Returns:
        Output of shape (*S, B, *F).

    Example:
        >>> import torch
        >>> over_batch(torch.nn.Linear(3, 2), torch.zeros(5, 4, 3), event_ndim=1).shape
        torch.Size([5, 4, 2])
    """
    lead = h.shape[: h.ndim - event_ndim]
    if len(lead) == 1:
        return net(h)
    out = net(h.reshape(-1, *h.shape[h.ndim - event_ndim :]))
    return out.reshape(*lead, *out.shape[1:])


def sum_rightmost(values: Tensor, count: int) -> Tensor:
    """Sum the last `count` dimensions; none if `count` is 0.

    Example:
        >>> import torch
        >>> sum_rightmost(torch.ones(2, 3, 4), 2)
        tensor([12., 12.])
    """
    return values if count == 0 else values.flatten(-count).sum(-1)


def mean_over_samples(values: Tensor) -> Tensor:
    """Average (*S, B) over its sample dimensions to (B,).

    Example:
        >>> import torch
        >>> mean_over_samples(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([2., 3.])
    """
    return values if values.ndim == 1 else values.flatten(0, -2).mean(0)
