"""A feature space from the user's own module."""

import torch
from torch import Tensor, nn

from vaekit.errors import UserError
from vaekit.features.space import SHOWN, FeatureSpace, digest_of
from vaekit.nets.own import FORM, network_from

__all__ = ["FORM", "module_space"]


def module_space(where: str, shape: tuple[int, ...]) -> FeatureSpace:
    """Call a function of the user that builds a module from (B, *shape) in [0, 1] to (B, F).

    Args:
        where: "package.module:function"; the current folder is searched, too.
        shape: of the examples.

    Raises:
        UserError: if there is no such function, or what it returns is no such module.
    """
    network = network_from(where)
    dimensions = _probed(network, where, shape)
    kind = type(network)
    digest = digest_of(network, f"{kind.__module__}.{kind.__qualname__}")
    return FeatureSpace(
        f"module {where}, {digest[:SHOWN]}", "module", digest, "its own, if any", dimensions, shape, network
    )


def _probed(network: nn.Module, where: str, shape: tuple[int, ...]) -> int:
    """F, found by two examples of zeros."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad():
            found: object = network(torch.zeros(2, *shape, device=device))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{where} does not take examples of shape {shape}: {reason}") from error
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != 2 or not found.is_floating_point():
        what = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise UserError(f"{where} must map (B, *{shape}) to floats (B, F); of two examples it made {what}")
    return found.shape[1]
