"""Priors of vectors fitted to the codes of a training set, by name."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from vaekit.core import VAE, Point, Prior
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError
from vaekit.noise import torch_seeded
from vaekit.priors import (
    FlowMatchingPrior,
    FlowPrior,
    GaussianMixturePrior,
    GaussianPrior,
    PushforwardPrior,
    TwoStagePrior,
    VampPrior,
)
from vaekit.priors.kept import top_latents, top_posterior
from vaekit.recipes.recipe import FOR_START
from vaekit.training.reporting import Reporter
from vaekit.training.trained_prior import train_priors

COMPONENTS = (1, 2, 5, 10, 20, 50)
PSEUDO_INPUTS = 500
STEPS = 4000
"""Of training, where nobody says: these priors are small, and nothing is decoded."""


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """What a prior is fitted to.

    Args:
        vae: the model, a copy that is no one else's: its top prior is replaced on the way.
        train: whose codes are fitted.
        validation: whose codes choose among epochs.
        z: draws from q over the training set.
        seed: of starts and of training.
        epochs: passes over the training set of what is trained; None for as many as make 4,000 steps.
        reporter: told how training goes.
    """

    vae: VAE
    train: Examples
    validation: Examples
    z: Float[Tensor, "N d"]
    seed: int
    epochs: int | None
    reporter: Reporter


def gaussian(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """Mean and covariance of the codes."""
    z = fit.z
    covariance = torch.atleast_2d(torch.cov(z.T)) + 1e-6 * torch.eye(z.shape[1], device=z.device)
    yield GaussianPrior(z.mean(0), torch.linalg.cholesky(covariance)), "full-covariance Gaussian"


def gmm(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """Mixtures by expectation–maximisation, with more and more components."""
    for components in COMPONENTS:
        if len(fit.z) < 2 * components * fit.z.shape[1]:
            return
        yield _mixture(fit.z, components, fit.seed), f"mixture of {components} full-covariance Gaussians"


def vamp(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """A VampPrior whose pseudo-inputs are trained while encoder and posterior stay as they are.

    Raises:
        CapabilityError: for an autoencoder, whose codes have no posterior to mix, or a model of p(x | c).
    """
    vae, posterior = fit.vae, top_posterior(fit.vae)
    if isinstance(posterior, Point):
        raise CapabilityError(
            "a VampPrior mixes posteriors q(z|u), and the codes of an autoencoder are points: use --prior gmm, "
            "flow or flow_matching"
        )
    if vae.conditioning is not None:
        raise CapabilityError(
            "a VampPrior encodes inputs without a condition, which this model is told: use another --prior"
        )
    x = fit.train.first(FOR_START)
    reach = "unit" if bool(((x >= 0) & (x <= 1)).all()) else "real"
    count = min(PSEUDO_INPUTS, len(x))
    with torch_seeded(fit.seed):
        prior = VampPrior(vae.encoder, posterior, top_latents(vae), vae.shape, count, reach)
    prior.to(fit.z.device).start(x)
    yield _trained(fit, prior), f"VampPrior of {count} pseudo-inputs"


def flow(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """A masked autoregressive flow."""
    yield _on_codes(fit, FlowPrior), "masked autoregressive flow"


def flow_matching(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """A continuous flow, by flow matching."""
    yield _on_codes(fit, FlowMatchingPrior), "flow by flow matching"


def two_stage(fit: Fit) -> Iterator[tuple[Prior, str]]:
    """A second VAE."""
    yield _on_codes(fit, TwoStagePrior), "second VAE"


CANDIDATES: Mapping[str, Callable[[Fit], Iterator[tuple[Prior, str]]]] = MappingProxyType(
    {
        "gaussian": gaussian,
        "gmm": gmm,
        "vamp": vamp,
        "flow": flow,
        "flow_matching": flow_matching,
        "two_stage": two_stage,
    }
)
"""Of each kind the priors to try, the simplest first, each fitted when it is asked for."""


def _on_codes(fit: Fit, kind: Callable[[int], PushforwardPrior]) -> Prior:
    with torch_seeded(fit.seed):
        prior = kind(top_latents(fit.vae)).to(fit.z.device)
    prior.start(fit.z)
    return _trained(fit, prior)


def _trained(fit: Fit, prior: Prior) -> Prior:
    """The prior as it was when it did best on validation."""
    latents = fit.vae.latents
    latents.replace_top(prior)
    _, state = train_priors(
        fit.vae,
        lambda latents: [latents.top],
        fit.train,
        fit.validation,
        fit.seed,
        fit.epochs,
        STEPS,
        fit.reporter,
    )
    latents.load_state_dict(state)
    return prior.eval()


def _mixture(z: Tensor, components: int, seed: int) -> GaussianMixturePrior:
    mixture = GaussianMixture(components, covariance_type="full", reg_covar=1e-5, random_state=seed % 2**32)
    with warnings.catch_warnings():
        # A mixture that has not quite converged is still a normalised density, and validation judges it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(z.cpu().double().numpy())
    scale_trils = np.linalg.cholesky(np.asarray(mixture.covariances_))

    def tensor(array: object) -> Tensor:
        return torch.as_tensor(np.asarray(array), dtype=z.dtype, device=z.device)

    return GaussianMixturePrior(tensor(mixture.weights_), tensor(mixture.means_), tensor(scale_trils))
