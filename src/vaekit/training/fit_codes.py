"""Fit priors of grids of codes: PixelCNNs, where they beat codes that are all alike."""

import copy
import math

from vaekit.core import VAE, Latents
from vaekit.data.batches import Examples
from vaekit.latents import CodeLatents
from vaekit.noise import torch_seeded
from vaekit.priors import CodePrior, PixelCNNCodes, UniformCodes
from vaekit.training.fitted import FittedPrior
from vaekit.training.reporting import Reporter
from vaekit.training.trained_prior import train_priors

_STEPS = 1500
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
    latents = _code_latents(fitted.latents)
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
        cost, state = train_priors(
            fitted,
            lambda latents: [_code_latents(latents).prior_of(site) for site in latents.sites],
            train,
            validation,
            seed,
            epochs,
            _STEPS,
            reporter,
        )
        latents.load_state_dict(state)
        if cost < nats:
            return fitted, FittedPrior(latents.top, "PixelCNN", nats - cost, _PLAIN)
    for site, prior in uniform.items():
        latents.replace(site, prior)
    return fitted, FittedPrior(latents.top, _PLAIN, 0.0, _PLAIN)


def _code_latents(latents: Latents) -> CodeLatents:
    assert isinstance(latents, CodeLatents)
    return latents
