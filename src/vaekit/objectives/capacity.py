"""A rate that is held at a number of nats, which rises during training."""

from dataclasses import dataclass, field, replace
from typing import final

from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import UserError
from vaekit.objectives.algebra import Term
from vaekit.objectives.schedules import Linear
from vaekit.objectives.terms import KL


@final
@dataclass(frozen=True)
class Capacity(Term):
    """γ |KL(q(z | x) ‖ p(z)) − C(t)|, nats per example, with C(t) = C · min(1, t / over).

    γ works where it exceeds the nats of distortion that one more nat of rate would save at C; the rate of every
    example then follows C(t). Called without a progress (`at`), the capacity is C.

    Args:
        weight: γ ≥ 0.
        capacity: C ≥ 0, nats.
        over: the fraction of training in which the capacity rises; 0 for none.
        sites: those whose KL is held, where not all.
        reached: C(t) where it is not C; `at` sets it.

    Source: Burgess et al. 2018, https://arxiv.org/abs/1804.03599, equation 8.

    Example:
        >>> import torch
        >>> Capacity(100.0, 25.0, over=0.5).at(torch.tensor(0.25)).reached
        tensor(12.5000)
    """

    weight: float
    capacity: float
    over: float
    sites: tuple[str, ...] | None = None
    reached: Tensor | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not (self.weight >= 0 and self.capacity >= 0):
            raise UserError(
                f"a capacity and its weight must be at least 0, got {self.capacity} nats with weight {self.weight}"
            )
        if not 0 <= self.over <= 1:
            raise UserError(f"a capacity rises in a fraction of training between 0 and 1, got {self.over}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "_".join(("capacity", *(self.sites or ())))

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    @property
    def settled(self) -> float:
        """When the capacity has risen."""
        return self.over

    def at(self, progress: Tensor) -> "Capacity":
        """The same term with C(t)."""
        return replace(self, reached=Linear(self.capacity, self.over)(progress))

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return γ |KL − C(t)| with the KL averaged over draws.

        Raises:
            UserError: if the model lacks one of the sites.
        """
        reached = self.capacity if self.reached is None else self.reached
        return self.weight * (KL(sites=self.sites)(trace) - reached).abs()
