"""Autoregressive flows of zuko as plain modules; importing this needs no zuko."""

from typing import Literal

from torch import nn
from torch.distributions import Distribution

from vaekit.errors import UserError, nearest

FlowName = Literal["maf", "spline", "iaf"]
FLOWS: tuple[FlowName, ...] = ("maf", "spline", "iaf")


def autoregressive_flow(
    kind: FlowName, features: int, transforms: int, width: int, bins: int = 8
) -> nn.Module:
    """A module whose call returns a transform of vectors, autoregressive in orders that alternate.

    "maf" and "iaf" are affine in each value, "spline" is a rational quadratic on [−5, 5] and the identity outside.
    "iaf" has the networks of "maf": who uses it turns the transform round.

    Args:
        kind: which.
        features: d, values of a vector.
        transforms: how many, one after another.
        width: of both hidden layers of each.
        bins: of a spline.

    Raises:
        UserError: for an unknown kind, or a size under 1.

    Source: Papamakarios et al. 2017, https://arxiv.org/abs/1705.07057, equations 4–5; splines: Durkan et al. 2019,
    https://arxiv.org/abs/1906.04032, equations 4–8; the other way round: Kingma et al. 2016,
    https://arxiv.org/abs/1606.04934, equations 10–14.

    Example:
        >>> import torch
        >>> transform = autoregressive_flow("maf", features=3, transforms=2, width=16)()
        >>> z = torch.randn(5, 3)
        >>> u, log_determinant = transform.call_and_ladj(z)
        >>> torch.allclose(transform.inv(u), z, atol=1e-5), log_determinant.shape
        (True, torch.Size([5]))
    """
    if kind not in FLOWS:
        raise UserError(f"no flow is called {kind}; {nearest(kind, FLOWS)}")
    if min(features, transforms, width) < 1 or bins < 2:
        raise UserError(
            "a flow needs at least one value, transform and hidden unit, and two bins; got "
            f"{features}, {transforms}, {width} and {bins}"
        )
    # Importing zuko turns off the validation of every distribution, which is for nobody else to decide.
    validates = Distribution._validate_args
    from zuko.flows import MAF, NSF

    Distribution.set_default_validate_args(validates)
    hidden = (width, width)
    if kind == "spline":
        return NSF(features, transforms=transforms, hidden_features=hidden, bins=bins).transform
    return MAF(features, transforms=transforms, hidden_features=hidden).transform
