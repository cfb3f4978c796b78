"""Train priors on the codes that q gives, by the loop that trains everything."""

import copy
from collections.abc import Callable, Iterable, Mapping

from torch import Tensor

from vaekit.core import VAE, Latents, Prior
from vaekit.data.batches import Examples
from vaekit.objectives import FitPrior
from vaekit.recipes.recipe import Optimiser, Recipe
from vaekit.training.device import engine
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan
from vaekit.training.reporting import Reporter
from vaekit.training.scoring import VALIDATION_LOSS
from vaekit.training.state import Progress

_OPTIMISER = Optimiser(lr=2e-3)
_FEWEST_EPOCHS, _PATIENCE = 2, 8


def train_priors(
    fitted: VAE,
    learning: Callable[[Latents], Iterable[Prior]],
    train: Examples,
    validation: Examples,
    seed: int,
    epochs: int | None,
    steps: int,
    reporter: Reporter,
) -> tuple[float, Mapping[str, Tensor]]:
    """The lowest loss on validation, nats per example, and the tensors of the latents that reached it.

    Args:
        fitted: the model with new priors in place; it is not changed.
        learning: which of the priors of its latents learn; all else is held fixed.
        train: whose codes are learned.
        validation: whose codes choose among epochs.
        seed: of the order of examples and of draws.
        epochs: passes over the training set; None for as many as make `steps`, at least 2. There are fewer
            where validation gets no better.
        steps: how many to take where nobody says.
        reporter: told how it goes.
    """
    model = copy.deepcopy(fitted)
    model.requires_grad_(False)
    for prior in learning(model.latents):
        prior.requires_grad_(True)
    options = TrainingOptions(seed=seed, device=fitted.device.type, patience=_PATIENCE)
    recipe = Recipe(model, (FitPrior(),), _OPTIMISER)
    trainer = Trainer(recipe, train, validation, options, engine(options.device))
    enough = max(_FEWEST_EPOCHS, -(-steps // trainer.steps_per_epoch))
    plan = Plan(epochs or enough, trainer.steps_per_epoch)
    progress, best = Progress(), dict(model.latents.state_dict())

    def keep(row: dict[str, float]) -> None:
        if -row[VALIDATION_LOSS] > progress.best:
            progress.best, progress.best_step = -row[VALIDATION_LOSS], progress.step
            best.update((name, tensor.clone()) for name, tensor in model.latents.state_dict().items())

    try:
        trainer.fit(plan, progress, reporter, lambda: None, keep)
    finally:
        reporter.close()
    return -progress.best, best
