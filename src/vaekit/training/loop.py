"""The loop: batches in an order that (seed, epoch) decides, one step after another, validated and saved."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import cast, final

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from vaekit.core import Adaptive
from vaekit.data.batches import Examples, epoch_order
from vaekit.errors import UserError
from vaekit.evaluation import bounds, mean_statistic
from vaekit.evaluation.measures import native
from vaekit.noise import Noise, cut
from vaekit.objectives import Turn
from vaekit.recipes.recipe import Recipe
from vaekit.training.averaging import Averages
from vaekit.training.batch_statistics import BATCHES, statistics_estimated_on
from vaekit.training.options import TrainingOptions
from vaekit.training.patience import ended
from vaekit.training.plan import Plan
from vaekit.training.players import build_optimiser, chosen, learning_rate, parameters_of_players
from vaekit.training.reporting import Reporter
from vaekit.training.state import Progress, as_numbers
from vaekit.training.step import LOG, LOSS, STATISTIC, Step


@final
class Trainer:
    """Trains a recipe's model in place.

    Args:
        recipe: model, turns, optimiser.
        train: the training examples, on the device.
        validation: the validation examples, on the device.
        options: batch size, seed, clipping.
        fabric: the engine: device, precision, gradients.
    """

    def __init__(
        self, recipe: Recipe, train: Examples, validation: Examples, options: TrainingOptions, fabric: Fabric
    ) -> None:
        self.train_examples = train
        self.validation_examples = validation
        self.options = options
        self.fabric = fabric
        self.optimiser = chosen(recipe.optimiser, options)
        self.vae = recipe.model.to(fabric.device)
        self.vae.fast_networks = options.precision == "bfloat16"
        self.turns = recipe.turns
        players = [player for turn in recipe.turns for player in turn.players]
        self.players = parameters_of_players(self.vae, players)
        self.step_module = fabric.setup_module(Step(self.vae, recipe.turns))
        self.optimisers: dict[str, Optimizer] = {
            name: cast(Optimizer, fabric.setup_optimizers(build_optimiser(self.optimiser, parameters)))
            for name, parameters in self.players.items()
        }
        self.averages = Averages(self.vae, self.optimiser.ema) if self.optimiser.ema > 0 else None
        self.batch_size = min(options.batch_size, len(train))

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in one pass; what is left over comes first in no epoch, and differs each time."""
        return len(self.train_examples) // self.batch_size

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
        order = torch.empty(0, dtype=torch.long)
        self.vae.train()
        for step in range(progress.step, plan.steps):
            if self.is_over(plan, progress):
                break
            epoch, place = divmod(step, plan.steps_per_epoch)
            if place == 0 or len(order) == 0:
                order = epoch_order(self.options.seed, epoch, len(self.train_examples))
                order = order.to(self.fabric.device)
            indices = order[place * self.batch_size : (place + 1) * self.batch_size]
            scalars = self.take_step(step, plan, indices)
            for name, value in scalars.items():
                progress.summed[name] = progress.summed.get(name, torch.zeros_like(value)) + value
            progress.count += 1
            progress.step = step + 1
            progress.seconds = time.monotonic() - started
            if reporter.due():
                where = f"epoch {epoch + 1}/{plan.epochs}, nats ({self.vae.likelihood.measure})"
                terms = as_numbers(progress.summed, progress.count)
                reporter.progress((step + 1) / plan.steps, where, terms, progress.seconds)
            if plan.validates_after(step + 1):
                self._validate(plan, progress, epoch, after_validation)
            after_step()

    def take_step(self, step: int, plan: Plan, indices: Tensor) -> dict[str, Tensor]:
        """Take every turn of one step and return the scalars to log.

        Raises:
            UserError: if a loss is not finite; the weights are then still those before the step.
        """
        noise = Noise(self.options.seed, (step,), cut(len(indices), self.options.shards))
        x = self.train_examples.augmented(indices, noise)
        fraction = torch.full((), step / plan.steps, device=x.device)
        rate = learning_rate(self.optimiser, step / plan.steps, step // plan.steps_per_epoch)
        scalars: dict[str, Tensor] = {}
        for index, turn in enumerate(self.turns):
            out: dict[str, Tensor] = self.step_module(x, noise, fraction, index)
            losses = {player: out[LOSS + player] for player in turn.players}
            self._check_finite(losses, step, plan)
            self._move(turn, losses, rate)
            scalars |= {name.removeprefix(LOG): v for name, v in out.items() if name.startswith(LOG)}
            if STATISTIC in out and isinstance(self.vae.likelihood, Adaptive):
                gathered = self.fabric.all_reduce(out[STATISTIC])
                self.vae.likelihood.observe(torch.as_tensor(gathered))
        if self.averages is not None:
            self.averages.update(step + 1)
        return scalars

    def _move(self, turn: Turn, losses: dict[str, Tensor], rate: float) -> None:
        differentiate(turn, losses, self.players, self.fabric.backward)
        for player in turn.players:
            if self.options.clip > 0:
                clip_grad_norm_(self.players[player], self.options.clip)
            for group in self.optimisers[player].param_groups:
                group["lr"] = rate
            self.optimisers[player].step()

    def _check_finite(self, losses: dict[str, Tensor], step: int, plan: Plan) -> None:
        # Reading a loss is free on the CPU; on an accelerator it would stall the queue at every step.
        if self.fabric.device.type != "cpu" and step % plan.steps_per_epoch:
            return
        for player, loss in losses.items():
            if not math.isfinite(loss.item()):
                raise UserError(
                    f"the loss of the {player} became {loss.item()} at step {step} "
                    f"(epoch {step // plan.steps_per_epoch + 1}); nothing was overwritten: "
                    f"try a smaller --lr (now {self.optimiser.lr:g}) or --clip 100"
                )

    def check_sums(self, progress: Progress) -> dict[str, float]:
        """The means since the last row; asked before anything is saved, so that no checkpoint holds NaN.

        A weight that is not finite never becomes so again: where the weights are, their averages are, too.

        Raises:
            UserError: if one is not finite, or a weight.
        """
        means = as_numbers(progress.summed, progress.count)
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
        progress.summed, progress.count = {}, 0

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
        # No epoch is negative: the order is none that training takes.
        order = epoch_order(self.options.seed, -step, len(self.train_examples)).to(self.fabric.device)
        for place in range(min(BATCHES, self.steps_per_epoch)):
            indices = order[place * self.batch_size : (place + 1) * self.batch_size]
            noise = Noise(
                self.options.seed, ("statistics", step, place), cut(len(indices), self.options.shards)
            )
            yield self.train_examples.augmented(indices, noise), noise

    def validation_figures(self) -> dict[str, float]:
        """Solve σ² on validation where there is one, and score validation at β = 1, in the likelihood's measure."""
        likelihood = self.vae.likelihood
        figures: dict[str, float] = {}
        if isinstance(likelihood, Adaptive):
            statistic = mean_statistic(self.vae, self.validation_examples)
            likelihood.solve(statistic)
            figures |= {f"validation_{name}": value for name, value in likelihood.solved().items()}
        rate, by_measure = bounds(self.vae, self.validation_examples, {likelihood.measure: native})
        bound = by_measure[likelihood.measure]
        return figures | {
            f"validation_nll_{likelihood.measure}": bound.distortion.mean().item(),
            "validation_kl": rate.mean().item(),
            f"validation_elbo_{likelihood.measure}": bound.elbo.mean().item(),
        }


def differentiate(
    turn: Turn,
    losses: Mapping[str, Tensor],
    players: Mapping[str, list[Parameter]],
    backward: Callable[[Tensor], None],
) -> None:
    """Leave in every player's parameters the gradient of its loss; all are taken before any player steps."""
    if len(turn.players) == 1:
        (player,) = turn.players
        for parameter in players[player]:
            parameter.grad = None
        backward(losses[player])
        return
    for player in turn.players:
        own, last = players[player], player == turn.players[-1]
        gradients = torch.autograd.grad(losses[player], own, retain_graph=not last, allow_unused=True)
        for parameter, gradient in zip(own, gradients, strict=True):
            parameter.grad = gradient
