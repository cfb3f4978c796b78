"""How many steps a run takes, when it validates, and when it draws."""

from dataclasses import dataclass
from typing import final

VALIDATIONS = 100
"""A run validates after every epoch, or about this often where epochs are many."""
SHEETS = 20
"""How many epoch sheets a run of more than 100 epochs draws unless it is told otherwise."""


@final
@dataclass(frozen=True)
class Plan:
    """How many steps a run takes and when it validates.

    Args:
        epochs: passes over the training set.
        steps_per_epoch: whole batches in one pass.
    """

    epochs: int
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.epochs * self.steps_per_epoch

    @property
    def epochs_between_validations(self) -> int:
        """1, or more where epochs are many."""
        return max(1, self.epochs // VALIDATIONS)

    @property
    def validations(self) -> int:
        """Validations in all."""
        return self.validations_in(self.steps)

    def validates_after(self, step: int) -> bool:
        """Whether `step` steps done end an epoch that is validated."""
        epoch, rest = divmod(step, self.steps_per_epoch)
        return rest == 0 and (epoch % self.epochs_between_validations == 0 or epoch == self.epochs)

    def validations_in(self, steps: int) -> int:
        """Validations that the first `steps` steps hold.

        Example:
            >>> [Plan(epochs=250, steps_per_epoch=10).validations_in(steps) for steps in (19, 20, 2490, 2500)]
            [0, 1, 124, 125]
        """
        epoch = steps // self.steps_per_epoch
        regular, rest = divmod(epoch, self.epochs_between_validations)
        return regular + (epoch == self.epochs and rest > 0)

    def draws_after(self, epoch: int, every: int | None) -> bool:
        """Whether the validation after `epoch` epochs comes with sheets.

        Args:
            epoch: epochs done, one that is validated.
            every: sheets for every so many epochs, at the next validation where that one is not validated;
                0 for none; None for each epoch of at most 100, else for about 20 in all.

        Example:
            >>> plan = Plan(epochs=250, steps_per_epoch=10)
            >>> [epoch for epoch in range(2, 52, 2) if plan.draws_after(epoch, every=15)]
            [16, 30, 46]
            >>> sum(plan.draws_after(epoch, every=None) for epoch in range(2, 252, 2))
            19
        """
        if every == 0:
            return False
        if every is None:
            every = 1 if self.epochs <= VALIDATIONS else -(-self.epochs // SHEETS)
        between = self.epochs_between_validations
        before = (epoch - 1) // between * between
        return epoch // every > before // every
