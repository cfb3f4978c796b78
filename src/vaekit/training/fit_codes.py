"""Train priors of codes on the codes that q gives, by the loop that trains everything."""

import copy
import math
from collections.abc import Mapping

from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.latents import CodeLatents
from vaekit.noise import torch_seeded
from vaekit.objectives import FitCodes
from vaekit.priors import CodePrior, PixelCNNCodes, UniformCodes
from vaekit.recipes.recipe import Optimiser, Recipe
from vaekit.training.device import engine
from vaekit.training.fitted import FittedPrior
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan
from vaekit.training.reporting import Reporter
from vaekit.training.state import Progress

_OPTIMISER = Optimiser(lr=2e-3)
_STEPS, _FEWEST_EPOCHS, _PATIENCE = 1500, 2, 8
_PLAIN = "codes that are all alike"


def fit_codes(
    vae: VAE,
    train: Examples,
    validation: Examples,
    kind: str,
    seed: int,
    epochs: int | None,
    reporter: Reporter,
) -> tuple[VAE, FittedPrior]:
    """Return the same model with the priors of all its grids fitted, those of the best validation.

    Args:
        vae: a trained model whose latents are grids of codes; it is not changed.
        train: whose codes are learned.
        validation: whose codes choose among epochs, and between the fit and codes that are all alike.
        kind: pixelcnn, or uniform, which puts the latter back.
        seed: of the initial weights and the order of examples.
        epochs: passes over the training set; None for as many as make 1,500 steps, at least 2. There are fewer
            where validation gets no better.
        reporter: told how it goes.
    """
    fitted = copy.deepcopy(vae).eval()
    latents = _code_latents(fitted)
    uniform: dict[str, CodePrior] = {}
    for site in latents.sites:
        prior = latents.prior_of(site)
        assert isinstance(prior, CodePrior)
        uniform[site] = UniformCodes(prior.quantiser, prior.grid)
    if kind == "pixelcnn":
        nats = sum(p.grid.positions * p.grid.depth * math.log(p.quantiser.codes) for p in uniform.values())
        with torch_seeded(seed):
            for site, prior in uniform.items():
                context = latents.context_channels[site]
                latents.replace(site, PixelCNNCodes(prior.quantiser, prior.grid, context).to(vae.device))
        cost, state = _trained(fitted, train, validation, seed, epochs, reporter)
        latents.load_state_dict(state)
        if cost < nats:
            return fitted, FittedPrior(latents.top, "PixelCNN", nats - cost, _PLAIN)
    for site, prior in uniform.items():
        latents.replace(site, prior)
    return fitted, FittedPrior(latents.top, _PLAIN, 0.0, _PLAIN)


def _trained(
    fitted: VAE, train: Examples, validation: Examples, seed: int, epochs: int | None, reporter: Reporter
) -> tuple[float, Mapping[str, Tensor]]:
    """The lowest −log p of the validation codes, nats per example, and the latents' tensors that reached it."""
    model = copy.deepcopy(fitted)
    latents = _code_latents(model)
    model.requires_grad_(False)
    for site in latents.sites:
        latents.prior_of(site).requires_grad_(True)
    options = TrainingOptions(seed=seed, device=fitted.device.type, patience=_PATIENCE)
    fabric = engine(options.device)
    trainer = Trainer(Recipe(model, (FitCodes(),), _OPTIMISER), train, validation, options, fabric)
    enough = max(_FEWEST_EPOCHS, -(-_STEPS // trainer.steps_per_epoch))
    plan = Plan(epochs or enough, trainer.steps_per_epoch)
    progress, best = Progress(), dict(latents.state_dict())

    def keep(row: dict[str, float]) -> None:
        if -row["validation_kl"] > progress.best:
            progress.best, progress.best_step = -row["validation_kl"], progress.step
            best.update((name, tensor.clone()) for name, tensor in latents.state_dict().items())

    try:
        trainer.fit(plan, progress, reporter, lambda: None, keep)
    finally:
        reporter.close()
    return -progress.best, best


def _code_latents(vae: VAE) -> CodeLatents:
    assert isinstance(vae.latents, CodeLatents)
    return vae.latents
