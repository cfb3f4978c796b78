"""A point: all of the probability in one place, and hence no density."""

from collections.abc import Callable, Sequence
from typing import NoReturn, final

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from vaekit.errors import CapabilityError


@final
class Dirac(Distribution):
    """δ(· − a): every draw is a, with its gradient.

    A point has no density with respect to volume, so whatever asks for one is refused: an autoencoder has
    neither an evidence lower bound nor a KL.

    Args:
        value: a, (*batch, *event).
        event_ndim: how many of the last dimensions are one event.
        view: what of (N, *event) the point is compared by with x, where that is not the values themselves.

    Example:
        >>> point = Dirac(torch.zeros(5, 3))
        >>> point.rsample((2,)).shape, point.variance.sum().item()
        (torch.Size([2, 5, 3]), 0.0)
        >>> point.log_prob(torch.zeros(5, 3))
        Traceback (most recent call last):
        vaekit.errors.CapabilityError: a point has no density: a deterministic code or reconstruction bounds no \
log-likelihood
    """

    has_rsample = True

    def __init__(
        self, value: Tensor, event_ndim: int = 1, view: Callable[[Tensor], tuple[Tensor, ...]] | None = None
    ) -> None:
        self.value = value
        self.view = view
        lead = value.ndim - event_ndim
        super().__init__(value.shape[:lead], value.shape[lead:], validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """None."""
        return {}

    @property
    def support(self) -> constraints.Constraint:
        """Real numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.value

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.value)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """The point, as often as asked for."""
        return self.value.expand(*sample_shape, *self.value.shape)

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> "Dirac":
        """The same point for more batch dimensions."""
        return Dirac(self.value.expand(*batch_shape, *self.event_shape), len(self.event_shape), self.view)

    def log_prob(self, value: Tensor) -> NoReturn:
        """Refuse.

        Raises:
            CapabilityError: always.
        """
        raise CapabilityError(
            "a point has no density: a deterministic code or reconstruction bounds no log-likelihood"
        )
