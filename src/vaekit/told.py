"""Examples together with what is told of them: a tensor whose rows keep their conditions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor

_KEEP = frozenset(
    {
        Tensor.clone,
        Tensor.contiguous,
        Tensor.cpu,
        Tensor.cuda,
        Tensor.detach,
        Tensor.double,
        Tensor.float,
        Tensor.to,
        Tensor.nan_to_num,
        torch.clone,
        torch.nan_to_num,
    }
)
"""What leaves every row where it is, and the example it stands for the same."""


@final
class Told(Tensor):
    """x, (B, *E), whose `context` says what a model is told of each example, (B, C).

    Rows that are taken, cut or joined keep their conditions, and so do other devices and precisions; whatever else is
    computed of x is an ordinary tensor. A model of p(x | c) finds c here, so that nothing between the data and the
    model needs to know of it.

    Example:
        >>> x = Told.of(torch.zeros(4, 2), torch.eye(4))
        >>> x[1:3].context.tolist()
        [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
        >>> [len(context_of(part)) for part in x.split(3)], context_of(x + 1)
        ([3, 1], None)
    """

    context: Tensor

    @staticmethod
    def of(x: Float[Tensor, "*B_E"], context: Float[Tensor, "*B_C"]) -> "Told":
        """Tell a condition of each example."""
        told = plain(x).as_subclass(Told)
        told.context = context
        return told

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Act on the plain tensors, and on the conditions where rows only move."""
        _ = types
        options = dict(kwargs or {})
        with torch._C.DisableTorchFunctionSubclass():
            # A property's getter asks for the object itself.
            if getattr(func, "__name__", "") in ("__get__", "__set__"):
                return func(*args, **options)
            found = func(*_plain(args), **_plain(options))
            return _keeping(func, args, found)


def plain(x: Tensor) -> Tensor:
    """The examples alone."""
    return x.as_subclass(Tensor) if isinstance(x, Told) else x


def context_of(x: Tensor) -> Tensor | None:
    """What is told of the examples; None where nothing is."""
    return x.context if isinstance(x, Told) else None


def told_as(x: Tensor, other: Tensor) -> Tensor:
    """`other`, which stands for the same examples as x, with what is told of them."""
    context = context_of(x)
    return other if context is None else Told.of(other, context)


def _plain(values: Any) -> Any:
    if isinstance(values, Told):
        return values.as_subclass(Tensor)
    if isinstance(values, tuple | list):
        return type(values)(_plain(value) for value in values)
    if isinstance(values, dict):
        return {name: _plain(value) for name, value in values.items()}
    return values


def _keeping(func: Callable[..., Any], args: tuple[Any, ...], found: Any) -> Any:
    """What was found, with its conditions where every row of it is an example's."""
    if func in (torch.cat, torch.stack):
        parts = args[0]
        if len(args) == 1 and all(isinstance(part, Told) for part in parts):
            return Told.of(found, func([part.context for part in parts]))
        return found
    x = args[0]
    if not isinstance(x, Told):
        return found
    if func is Tensor.__getitem__:
        rows = args[1][0] if isinstance(args[1], tuple) else args[1]
        return Told.of(found, x.context[rows])
    if func in (Tensor.split, torch.split):
        return tuple(map(Told.of, found, x.context.split(*args[1:])))
    if func in (Tensor.unbind, Tensor.__iter__):
        rows = [*map(Told.of, found, x.context)]
        return iter(rows) if func is Tensor.__iter__ else tuple(rows)
    if func is Tensor.copy_ and isinstance(args[1], Told):
        x.context.copy_(args[1].context)
        return x
    if func in _KEEP:
        same = cast(Tensor, found)
        return Told.of(same, x.context.to(same.device, same.dtype))
    return found
