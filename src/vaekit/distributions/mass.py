"""The log mass of an example on the grid of its data, and its log-density per dimension."""

from functools import singledispatch

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal

from vaekit.distributions.autoregressive import Autoregressive
from vaekit.distributions.categories import Levels
from vaekit.distributions.continuous_bernoulli import ContinuousBernoulli
from vaekit.distributions.gaussian import normal_log_cell_mass
from vaekit.distributions.heavy_tailed import Laplace
from vaekit.distributions.logistic import DiscretisedLogistic
from vaekit.distributions.logistic_mixture import DiscretisedLogisticMixture
from vaekit.distributions.observed import Observed, where_seen
from vaekit.errors import CapabilityError, UserError


@singledispatch
def log_mass(
    distribution: Distribution,
    x: Float[Tensor, "..."],  # noqa: ARG001
    levels: int,  # noqa: ARG001
) -> Float[Tensor, "..."]:
    """Give the log mass of the cell of x, summed over event dimensions: one number per example.

    The cell of level k of L reaches from (k − ½)/(L−1) to (k + ½)/(L−1), the outermost ones to the ends of
    the distribution's support, so that the masses of all levels sum to 1. A further distribution joins by
    `log_mass.register`.

    Args:
        distribution: of x, event shape (*event).
        x: values on the grid k/(L−1), (*batch, *event).
        levels: L ≥ 2.

    Returns:
        Nats, (*batch).

    Raises:
        CapabilityError: the distribution has no such mass in closed form.
        UserError: the distribution was built for another number of levels.

    Example:
        >>> import torch
        >>> pixels = Independent(Normal(torch.full((5, 4), 0.5), 0.1, validate_args=False), 1)
        >>> log_mass(pixels, torch.zeros(5, 4), levels=17).shape
        torch.Size([5])
    """
    raise CapabilityError(
        f"{type(distribution).__name__} has no exact mass per cell; "
        "its density of uniformly dequantised data bounds it (≤)"
    )


@log_mass.register(Independent)
def _(distribution: Independent, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    mass = log_mass(distribution.base_dist, x, levels)
    return mass.unsqueeze(-1).flatten(-1 - distribution.reinterpreted_batch_ndims).sum(-1)


@log_mass.register(Normal)
def _(distribution: Normal, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    return normal_log_cell_mass(x, distribution.loc, distribution.scale, levels)


@log_mass.register(Bernoulli)
def _(distribution: Bernoulli, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    if levels != 2:
        raise CapabilityError(
            f"Bernoulli has two levels, the data have {levels}: binarise or use another likelihood"
        )
    return distribution.log_prob(x)


@log_mass.register(ContinuousBernoulli)
def _(distribution: ContinuousBernoulli, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    return distribution.log_cell_mass(x, levels)


@log_mass.register(Laplace)
def _(distribution: Laplace, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    return distribution.log_cell_mass(x, levels)


@log_mass.register(Observed)
def _(distribution: Observed, x: Float[Tensor, "..."], levels: int) -> Float[Tensor, "..."]:
    seen = ~x.isnan()
    return torch.where(seen, log_mass(distribution.base, where_seen(x, seen), levels), 0.0)


@log_mass.register(Autoregressive)
@log_mass.register(DiscretisedLogistic)
@log_mass.register(DiscretisedLogisticMixture)
@log_mass.register(Levels)
def _(
    distribution: Autoregressive | DiscretisedLogistic | DiscretisedLogisticMixture | Levels,
    x: Float[Tensor, "..."],
    levels: int,
) -> Float[Tensor, "..."]:
    if levels != distribution.levels:
        raise UserError(
            f"{type(distribution).__name__} was built for {distribution.levels} levels, "
            f"the data have {levels}: build the likelihood for the data's levels"
        )
    return distribution.log_prob(x)


def log_prob_per_dim(distribution: Distribution, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Give the log-density of every dimension of x, which `Independent` sums and so hides.

    Args:
        distribution: an `Independent`, event shape (*event).
        x: (*batch, *event).

    Returns:
        Nats, (*batch, *event).

    Raises:
        CapabilityError: the dimensions are not independent, or the distribution does not say so.

    Example:
        >>> import torch
        >>> pixels = Independent(Normal(torch.zeros(5, 4), 1.0, validate_args=False), 1)
        >>> log_prob_per_dim(pixels, torch.zeros(5, 4)).shape
        torch.Size([5, 4])
    """
    if not isinstance(distribution, Independent):
        raise CapabilityError(
            f"{type(distribution).__name__} has no log-density per dimension: "
            "use a likelihood whose dimensions are independent"
        )
    base = distribution.base_dist
    while isinstance(base, Independent):
        base = base.base_dist
    return base.log_prob(x)
