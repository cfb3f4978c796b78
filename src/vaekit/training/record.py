"""What a run writes down: rows, checkpoints, events and sheets at each validation, and its state.

Of several processes one writes; the others keep the same progress.
"""

from typing import final

from vaekit.report.epoch_sheets import EpochSheets
from vaekit.report.files import save_png
from vaekit.training.folder import RunFolder
from vaekit.training.loop import Trainer
from vaekit.training.metrics import Metrics
from vaekit.training.model_file import ModelFacts, save_model
from vaekit.training.plan import Plan
from vaekit.training.scoring import score_of
from vaekit.training.state import Progress, save_state
from vaekit.training.tensorboard import Events


@final
class Record:
    """Writes down a run while it trains.

    Args:
        folder: of the run.
        facts: of its model.
        trainer: whose model, optimisers and averages are saved.
        plan: when to validate and draw.
        progress: of the run; what was written after its step is dropped, its best is updated in place.
        sheets: for images; None for other data.
        fingerprint: of the data.
        writes: whether this process is the one that writes.
    """

    def __init__(
        self,
        folder: RunFolder,
        facts: ModelFacts,
        trainer: Trainer,
        plan: Plan,
        progress: Progress,
        sheets: EpochSheets | None,
        fingerprint: str,
        writes: bool = True,
    ) -> None:
        self.folder, self.facts, self.trainer = folder, facts, trainer
        self.plan, self.progress, self.sheets, self.fingerprint = plan, progress, sheets, fingerprint
        self.writes = writes
        self.metrics = Metrics(folder.metrics, until=progress.step)
        events = writes and trainer.options.tensorboard
        self.events = Events(folder.tensorboard, progress.step) if events else None

    def after_validation(self, row: dict[str, float]) -> None:
        """Write the row, the model where it is the best so far, the events and the sheets."""
        vae, progress = self.trainer.vae, self.progress
        score = score_of(row, vae)
        best = score > progress.best or self._settles()
        if best:
            progress.best, progress.best_step = score, progress.step
        if not self.writes:
            return
        self.metrics.add(row)
        if best:
            save_model(self.folder.best, vae, self.facts)
        if self.events is not None:
            self.events.scalars(row, progress.step)
        epoch = progress.step // self.plan.steps_per_epoch
        # A model whose validation is not finite has no reconstructions to show.
        if score > -float("inf") and self.plan.draws_after(epoch, self.trainer.options.sheets):
            self._draw(epoch)

    def _settles(self) -> bool:
        """Whether what is minimised has become final since the best so far, which then was the best of another loss.

        A warm-up that ends as training does leaves every row to choose from.
        """
        settled = max(turn.settled for turn in self.trainer.turns) * self.plan.steps
        return 0 <= self.progress.best_step < settled <= self.progress.step < self.plan.steps

    def _draw(self, epoch: int) -> None:
        if self.sheets is None:
            return
        self.folder.epochs.mkdir(parents=True, exist_ok=True)
        for name, picture in self.sheets.draw(self.trainer.vae).items():
            save_png(picture, self.folder.epochs / f"{name}-{epoch:04d}.png")
            if self.events is not None:
                self.events.image(name, picture, self.progress.step)

    def after_step(self, stop: bool) -> None:
        """Save the state where an epoch was validated or the run stops."""
        if not (stop or self.plan.validates_after(self.progress.step)):
            return
        trainer = self.trainer
        trainer.check_sums(self.progress)
        if not self.writes:
            return
        save_state(
            self.folder.last,
            trainer.vae,
            trainer.optimisers,
            trainer.averages,
            self.progress,
            self.fingerprint,
        )

    def close(self) -> None:
        """Write what is left."""
        if self.events is not None:
            self.events.close()
