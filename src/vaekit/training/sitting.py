"""One sitting of a run: train until it is over or somebody asks to stop, then make the finished model."""

from dataclasses import dataclass, replace
from typing import final

from vaekit.core import VAE
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.diagnosis.watch import Watch
from vaekit.errors import UserError
from vaekit.recipes.recipe import Recipe
from vaekit.report.epoch_sheets import EpochSheets
from vaekit.training.fit_prior import fit_prior
from vaekit.training.interrupt import Interrupted, StopRequest, stopping_on_interrupt
from vaekit.training.loop import Trainer
from vaekit.training.metrics import read_metrics
from vaekit.training.model_file import load_model, save_model
from vaekit.training.opened import Run
from vaekit.training.patience import ending
from vaekit.training.plan import Plan
from vaekit.training.record import Record
from vaekit.training.reporting import Reporter, clock
from vaekit.training.state import Progress
from vaekit.training.team import Team

BETWEEN_AGREEMENTS = 10
"""On an accelerator, which would wait for the processor otherwise, a request to stop may be so many steps old."""

WATCHED = 50
"""Validation examples whose posteriors are looked at while training goes on."""


@final
@dataclass(frozen=True)
class Sitting:
    """What a run trains with from start or resume to its end, or to an interruption.

    Args:
        run: its folder, configuration and model.
        recipe: whose model is trained.
        train: the training examples.
        validation: the validation examples.
        reporter: told how it goes.
        team: the processes that train together.
    """

    run: Run
    recipe: Recipe
    train_examples: Examples
    validation_examples: Examples
    reporter: Reporter
    team: Team

    def train(self, trainer: Trainer, plan: Plan, progress: Progress, data: Data, fingerprint: str) -> None:
        """Take the steps that are left.

        Raises:
            Interrupted: on Ctrl-C or SIGTERM of any process, after saving.
            UserError: if training diverges, or another process has ended.
        """
        run, writes = self.run, self.team.leads
        sheets = None
        if writes and run.spec.is_image:
            seed = run.config.training.seed
            sheets = EpochSheets.of(self.validation_examples, data.validation.labels, seed)
        record = Record(run.folder, run.facts, trainer, plan, progress, sheets, fingerprint, writes)
        settled = max(turn.settled for turn in trainer.turns)
        watch = Watch(settled, self.validation_examples.first(WATCHED), read_metrics(run.folder.metrics))

        def after_validation(row: dict[str, float]) -> None:
            record.after_validation(row)
            if (line := watch.look(trainer.vae, row, progress.step / plan.steps)) is not None:
                self.reporter.say(line)

        advice = f"; to go on from the last checkpoint: {run.resume_command}"
        with self.team.one_fate(advice), stopping_on_interrupt() as request:

            def after_step() -> None:
                stop = self._stops(request, plan, progress.step)
                record.after_step(stop)
                if stop:
                    raise Interrupted(run.resume_command)

            try:
                trainer.fit(plan, progress, self.reporter, after_step, after_validation)
            except KeyboardInterrupt:
                raise Interrupted(run.resume_command, saved=False) from None
            finally:
                self.reporter.close()
                record.close()
        self._say_how_it_went(trainer, plan, progress)

    def _stops(self, request: StopRequest, plan: Plan, step: int) -> bool:
        """Whether any process was asked to stop; all learn it after the same step."""
        on_processor = self.train_examples.device.type == "cpu"
        if self.team.world > 1 and not (
            on_processor or step % BETWEEN_AGREEMENTS == 0 or plan.validates_after(step)
        ):
            return False
        return self.team.any(request.made)

    def _say_how_it_went(self, trainer: Trainer, plan: Plan, progress: Progress) -> None:
        if progress.best_step < 0:
            raise UserError("the validation score was never finite: try a smaller --lr or --clip 100")
        if progress.step < plan.steps:
            self.reporter.say(ending(plan, trainer.options.patience, progress.step))
        what, unit = "−ELBO", f" nats ({trainer.vae.likelihood.measure})"
        if trainer.vae.lacks_evidence:
            what, unit = "loss", ""
        self.reporter.say(
            f"trained {progress.step} steps in {clock(progress.seconds)}; best validation {what} "
            f"{-progress.best:.2f}{unit} at epoch {progress.best_step // plan.steps_per_epoch}"
        )

    def finish(self) -> Run:
        """Take the best checkpoint, fit the recipe's prior, and write model.safetensors; all get the model.

        Raises:
            Interrupted: on Ctrl-C or SIGTERM; `--resume` finishes then.
        """
        try:
            vae = self.team.lead(lambda: self._finished().cpu())
        except KeyboardInterrupt:
            raise Interrupted(self.run.resume_command) from None
        return replace(self.run, vae=vae.to(self.train_examples.device).eval())

    def _finished(self) -> VAE:
        run = self.run
        vae, _ = load_model(run.folder.best)
        vae.to(self.train_examples.device)
        if self.recipe.prior not in ("standard", "none", "uniform"):
            train, validation, seed = self.train_examples, self.validation_examples, run.config.training.seed
            epochs = self.recipe.prior_epochs
            vae, fitted = fit_prior(vae, train, validation, self.recipe.prior, seed, epochs, self.reporter)
            self.reporter.say(f"prior fitted to q(z): {fitted.sentence()}")
        save_model(run.folder.model, vae, run.facts)
        return vae
