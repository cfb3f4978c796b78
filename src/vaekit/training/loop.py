"""The loop: batches in an order that (seed, epoch) decides, one step after another, validated and saved."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import cast, final

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from vaekit.core import Solvable
from vaekit.data.batches import BLOCK, Examples
from vaekit.data.order import Order
from vaekit.errors import UserError
from vaekit.evaluation import bounds, mean_statistic
from vaekit.evaluation.measures import native
from vaekit.noise import Noise
from vaekit.objectives import FitPrior, Turn, played
from vaekit.recipes.recipe import Recipe
from vaekit.training.averaging import Averages
from vaekit.training.batch_statistics import BATCHES, statistics_estimated_on
from vaekit.training.captured import CapturedStep, CudaGraphs, Graphs
from vaekit.training.gathered import gather_batch_statistics
from vaekit.training.gradients import Gradients
from vaekit.training.options import TrainingOptions
from vaekit.training.passes import Pass, laid_out, lay_out_kernels
from vaekit.training.patience import ended
from vaekit.training.plan import Plan
from vaekit.training.players import (
    build_optimiser,
    chosen,
    learning_rate,
    parameters_of_players,
    set_learning_rate,
)
from vaekit.training.portions import portions
from vaekit.training.reporting import Reporter
from vaekit.training.scoring import VALIDATION_LOSS, final_loss
from vaekit.training.speed import Speed
from vaekit.training.state import Progress, as_numbers
from vaekit.training.step import LOG, LOSS, Step
from vaekit.training.team import mean_over_processes


class _NotFiniteError(Exception):
    """A loss is not a number to descend; says whose."""


@final
class Trainer:
    """Trains a recipe's model in place, alone or as one of several processes with the same model.

    Args:
        recipe: model, turns, optimiser.
        train: the training examples, on the device.
        validation: the validation examples, on the device.
        options: batch size, seed, clipping, micro-batches.
        fabric: the engine: device, gradients.
        graphs: what captures steps where the options ask for it; default CUDA's.

    Raises:
        UserError: if batches do not divide among processes, micro-batches and files.
    """

    def __init__(
        self,
        recipe: Recipe,
        train: Examples,
        validation: Examples,
        options: TrainingOptions,
        fabric: Fabric,
        graphs: Graphs | None = None,
    ) -> None:
        self.train_examples = train
        self.validation_examples = validation
        self.options = options
        self.fabric = fabric
        self.optimiser = chosen(recipe.optimiser, options)
        self.batch_size = min(options.batch_size, len(train))
        self.order = Order(train.lengths, self.batch_size, options.seed, train.index_device)
        rank, world = fabric.global_rank, fabric.world_size
        self.portions = portions(self.batch_size, options.shards, rank, world, options.accumulate)
        self.slots = slice(self.portions[0].where.start, self.portions[-1].where.stop)
        if world * options.accumulate > 1:
            _check_divisible(recipe.turns)
        self.validation_part = validation.share(rank, world)
        self.vae = recipe.model.to(fabric.device)
        if world > 1:
            gather_batch_statistics(self.vae, fabric.device)
        self.speed = options.wish.applied(Speed())
        lay_out_kernels(self.vae, self.speed)
        self.vae.in_training = Pass(self.speed)
        self.turns = recipe.turns
        self.players = parameters_of_players(self.vae, recipe.turns)
        self.step = Step(self.vae, recipe.turns)
        step = fabric.setup_module(self.step)
        self.gradients = Gradients(step, recipe.turns, self.players, fabric)
        self.optimisers: dict[str, Optimizer] = {
            name: cast(Optimizer, fabric.setup_optimizers(self._optimiser_of(parameters)))
            for name, parameters in self.players.items()
        }
        self.averages = Averages(self.vae, self.optimiser.ema) if self.optimiser.ema > 0 else None
        self._captured: dict[tuple[int, ...], CapturedStep] = {}
        self._graphs = graphs

    def _optimiser_of(self, parameters: list[Parameter]) -> Optimizer:
        return build_optimiser(self.optimiser, parameters, self.speed.captured)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in one pass; what is left over comes first in no epoch, and differs each time."""
        return self.order.batches

    def is_over(self, plan: Plan, progress: Progress) -> bool:
        """Whether the steps are done, or the best validation is older than the patience asked for."""
        settled = max(turn.settled for turn in self.turns)
        return ended(plan, settled, self.options.patience, progress.best_step, progress.step)

    def fit(
        self,
        plan: Plan,
        progress: Progress,
        reporter: Reporter,
        after_step: Callable[[], None],
        after_validation: Callable[[dict[str, float]], None],
    ) -> None:
        """Take the steps that `progress` still lacks.

        Args:
            plan: how many steps, and when to validate.
            progress: updated in place.
            reporter: told how it goes.
            after_step: called when a step is done and counted; may raise to stop.
            after_validation: given the row for metrics.csv while the model is as it was scored: with its
                validation σ² and, where weights are averaged, the averages.
        """
        started = time.monotonic() - progress.seconds
        self.vae.train()
        for step in range(progress.step, plan.steps):
            if self.is_over(plan, progress):
                break
            epoch, place = divmod(step, plan.steps_per_epoch)
            scalars = self.take_step(step, plan, self.order.slots(epoch, place, self.slots))
            if self.train_examples.feed is not None:
                following = divmod(step + 1, plan.steps_per_epoch)
                self.train_examples.feed.expect(self.order.slots(*following, self.slots))
            for name, value in scalars.items():
                progress.summed[name] = progress.summed.get(name, torch.zeros_like(value)) + value
                progress.counts[name] = progress.counts.get(name, 0) + 1
            progress.step = step + 1
            progress.seconds = time.monotonic() - started
            if reporter.due():
                where = f"epoch {epoch + 1}/{plan.epochs}{self._unit()}"
                terms = as_numbers(progress.summed, progress.counts)
                reporter.progress((step + 1) / plan.steps, where, terms, progress.seconds)
            if plan.validates_after(step + 1):
                self._validate(plan, progress, epoch, after_validation)
            after_step()

    def _unit(self) -> str:
        return "" if self.vae.lacks_evidence else f", nats ({self.vae.likelihood.measure})"

    def take_step(self, step: int, plan: Plan, indices: Tensor) -> dict[str, Tensor]:
        """Take every turn of one step and return the scalars to log, means over the batch of all processes.

        Args:
            step: which one.
            plan: of the run.
            indices: this process's part of the batch.

        Raises:
            UserError: if a loss is not finite; the weights are then still those before the step.
        """
        batches = list(self._micro_batches((step,), indices))
        fraction = torch.full((), step / plan.steps, device=self.fabric.device)
        set_learning_rate(
            self.optimisers.values(),
            learning_rate(self.optimiser, step / plan.steps, step // plan.steps_per_epoch),
        )
        try:
            turns = tuple(i for i, turn in enumerate(self.turns) if played(turn, step / plan.steps))
            if self.speed.captured:
                scalars = self._captured_step(turns)(*batches[0], fraction)
            else:
                scalars = self._turns(turns, batches, fraction)
        except _NotFiniteError as found:
            raise UserError(
                f"the loss of the {found} at step {step} (epoch {step // plan.steps_per_epoch + 1}); nothing was "
                f"overwritten: try a smaller --lr (now {self.optimiser.lr:g}) or --clip 100"
            ) from None
        if self.averages is not None:
            self.averages.update(step + 1)
        return scalars

    def _captured_step(self, turns: tuple[int, ...]) -> CapturedStep:
        """The graph of these turns; each part of training has its own."""
        if turns not in self._captured:

            def body(x: Tensor, noise: Noise, fraction: Tensor) -> dict[str, Tensor]:
                return self._turns(turns, [(x, noise)], fraction)

            self._captured[turns] = CapturedStep(body, self._graphs or CudaGraphs())
        return self._captured[turns]

    def _turns(
        self, turns: Sequence[int], batches: Sequence[tuple[Tensor, Noise]], fraction: Tensor
    ) -> dict[str, Tensor]:
        """Take these turns of one step: nothing else in here changes from step to step, or waits for the device."""
        scalars: dict[str, Tensor] = {}
        for index in turns:
            turn = self.turns[index]
            out = self.gradients.of_turn(index, batches, fraction)
            self._check_finite({player: out[LOSS + player] for player in turn.players})
            self._move(turn)
            scalars |= {name.removeprefix(LOG): v for name, v in out.items() if name.startswith(LOG)}
            self.step.observe(out)
        return scalars

    def _micro_batches(self, key: tuple[int | str, ...], indices: Tensor) -> Iterator[tuple[Tensor, Noise]]:
        """This process's micro-batches of one batch, with their shards of its noise."""
        for portion, own in zip(self.portions, indices.chunk(len(self.portions)), strict=True):
            noise = Noise(self.options.seed, key, portion.shards)
            yield laid_out(self.train_examples.augmented(own, noise), self.speed), noise

    def _move(self, turn: Turn) -> None:
        for player in turn.players:
            if self.options.clip > 0:
                clip_grad_norm_(self.players[player], self.options.clip)
            self.optimisers[player].step()

    def _check_finite(self, losses: dict[str, Tensor]) -> None:
        # Reading a loss is free on the CPU; on an accelerator, where validations look, it would stall the queue.
        if self.fabric.device.type != "cpu":
            return
        for player, loss in losses.items():
            if not math.isfinite(loss.item()):
                raise _NotFiniteError(f"{player} became {loss.item()}")

    def check_sums(self, progress: Progress) -> dict[str, float]:
        """The means since the last row; asked before anything is saved, so that no checkpoint holds NaN.

        A weight that is not finite never becomes so again: where the weights are, their averages are, too.

        Raises:
            UserError: if one is not finite, or a weight.
        """
        means = as_numbers(progress.summed, progress.counts)
        finite = torch.stack([p.detach().isfinite().all() for p in self.vae.parameters()]).all().item()
        if not finite or not all(map(math.isfinite, means.values())):
            found = means if finite else "a weight is not finite"
            raise UserError(
                f"training diverged before step {progress.step}: {found}; the checkpoints before it are kept: "
                f"try a smaller --lr (now {self.optimiser.lr:g}) or --clip 100"
            )
        return means

    def _validate(
        self, plan: Plan, progress: Progress, epoch: int, after_validation: Callable[[dict[str, float]], None]
    ) -> None:
        row: dict[str, float] = {"epoch": epoch + 1, "step": progress.step, "seconds": progress.seconds}
        row["lr"] = learning_rate(self.optimiser, (progress.step - 1) / plan.steps, epoch)
        means = self.check_sums(progress)
        row |= {f"train_{name}": v for name, v in means.items()}
        with self.as_scored(progress.step):
            row |= self.validation_figures()
            after_validation(row)
        progress.summed, progress.counts = {}, {}

    @contextmanager
    def as_scored(self, step: int) -> Iterator[None]:
        """Hold the model that validation scores after `step` steps: in evaluation mode, its weights averaged.

        Afterwards weights, batch statistics and running σ² return bit for bit.
        """
        running = {name: buffer.clone() for name, buffer in self.vae.likelihood.named_buffers()}
        self.vae.eval()
        try:
            with ExitStack() as stack:
                if self.averages is not None:
                    stack.enter_context(self.averages.in_place())
                    stack.enter_context(statistics_estimated_on(self.vae, self._batches(step)))
                yield
        finally:
            for name, buffer in self.vae.likelihood.named_buffers():
                buffer.copy_(running[name])
            self.vae.train()

    def _batches(self, step: int) -> Iterator[tuple[Tensor, Noise]]:
        """Training batches for batch statistics: a function of the seed and the step."""
        order = Order(
            self.train_examples.lengths, self.batch_size, self.options.seed, self.train_examples.index_device
        )
        shards = tuple(shard for portion in self.portions for shard in portion.shards)
        for place in range(min(BATCHES, self.steps_per_epoch)):
            noise = Noise(self.options.seed, ("statistics", step, place), shards)
            # No epoch is negative: the order is none that training takes.
            yield self.train_examples.augmented(order.slots(-step, place, self.slots), noise), noise

    def validation_figures(self) -> dict[str, float]:
        """Solve σ² on validation where there is one, and score validation at β = 1, in the likelihood's measure."""
        likelihood, own = self.vae.likelihood, self.validation_part
        weight = len(own) / len(self.validation_examples)
        if len(own) == 0:
            # Every process takes part in each exchange; what this one scores counts for nothing.
            own = self.validation_examples.head(BLOCK)
        if isinstance(likelihood, Solvable):
            likelihood.solve(self._total(weight * mean_statistic(self.vae, own)))
        parts = [part.solved() for part in self.step.adaptive.values()]
        figures = {f"validation_{name}": value for part in parts for name, value in part.items()}
        # A prior that is fitted is judged by what it minimises: nothing is decoded, and no density integrated.
        if self.vae.lacks_evidence or all(isinstance(turn, FitPrior) for turn in self.turns):
            mean = final_loss(self.vae, self.turns, own)
            return figures | {VALIDATION_LOSS: self._total(weight * mean).item()}
        rate, by_measure = bounds(self.vae, own, {likelihood.measure: native})
        bound = by_measure[likelihood.measure]
        means = {
            f"validation_nll_{likelihood.measure}": bound.distortion.mean(),
            "validation_kl": rate.mean(),
            f"validation_elbo_{likelihood.measure}": bound.elbo.mean(),
        }
        return figures | {name: self._total(weight * mean).item() for name, mean in means.items()}

    def _total(self, part: Tensor) -> Tensor:
        """The sum over all processes."""
        (mean,) = mean_over_processes([part], self.fabric)
        return mean * self.fabric.world_size


def _check_divisible(turns: Sequence[Turn]) -> None:
    if not all(turn.per_example for turn in turns):
        raise UserError(
            "a term of this objective sees a whole batch at once (free bits, sparsity, a distance of q(z) from "
            "p(z)), which its parts do not know: train on one device without --accumulate, or leave that term out"
        )
