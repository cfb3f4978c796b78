"""Fit a prior to the aggregate posterior, so that samples and bits/dim come from one better p(z)."""

import copy
import math
from dataclasses import replace
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Bounded, Discrete, Learner, Prior
from vaekit.data.batches import Examples
from vaekit.errors import UserError, nearest
from vaekit.latents import CodeLatents
from vaekit.noise import Noise, Shard, draw
from vaekit.priors import (
    ConditionalGaussian,
    FlowMatchingPrior,
    GaussianMixturePrior,
    GaussianPrior,
    KeptPrior,
    NoPrior,
    StandardNormal,
    TwoStagePrior,
)
from vaekit.priors.kept import SavedPrior, top_latents
from vaekit.recipes.options import CodePriorName, PriorName
from vaekit.training.candidates import CANDIDATES, Fit
from vaekit.training.fit_codes import fit_codes
from vaekit.training.fitted import FittedPrior
from vaekit.training.reporting import Reporter, Silent

MOST_CODES = 20_000
FEWEST_CODES = 10_000
DEAR = 2_000
"""Validation examples that judge a prior whose density is dear."""
BOUND_DRAWS = 50
VECTOR_KINDS, CODE_KINDS = get_args(PriorName), get_args(CodePriorName)
KINDS = (*VECTOR_KINDS, *CODE_KINDS)
ONLY_FITTED = (GaussianPrior, GaussianMixturePrior, FlowMatchingPrior, TwoStagePrior)
"""Priors that no model is trained with: where there is one, it was fitted in place of N(0, I)."""


def best_prior(vae: VAE) -> PriorName | CodePriorName:
    """The most flexible prior that suits the latents."""
    if isinstance(vae.latents, CodeLatents):
        return "pixelcnn"
    return "standard" if is_discrete(vae) else "gmm"


def is_discrete(vae: VAE) -> bool:
    """Whether the top site has bits or classes, whose prior has a mass and no density."""
    return isinstance(vae.posteriors[next(iter(vae.latents.sites))], Discrete)


@torch.no_grad()
def draw_codes(vae: VAE, examples: Examples, most: int, fewest: int) -> Float[Tensor, "R N d"]:
    """Draws z ~ q(z | x_n) of the top site over a split: several each where examples are few.

    Args:
        vae: the model.
        examples: the split; of a large one a seeded part.
        most: examples to draw for.
        fewest: draws in all; R is the number of draws each that this takes.
    """
    repeats = max(1, -(-fewest // len(examples)))
    codes: list[Tensor] = []
    for where, x, _ in examples.in_order():
        q = vae.encode(x)
        codes.append(draw(q, (repeats, x.shape[0]), examples.noise(where, -1), "codes"))
    drawn = torch.cat(codes, 1)
    if drawn.shape[1] > most:
        chosen = torch.randperm(drawn.shape[1], generator=torch.Generator().manual_seed(0))[:most]
        drawn = drawn[:, chosen.to(drawn.device)]
    return drawn


def fit_prior(
    vae: VAE,
    train: Examples,
    validation: Examples,
    kind: str,
    seed: int = 0,
    epochs: int | None = None,
    reporter: Reporter | None = None,
    own: Prior | None = None,
) -> tuple[VAE, FittedPrior]:
    """Return the same model with p(z) of its top site fitted to draws from q over the training set.

    "gaussian" takes the draws' mean and covariance; "gmm" runs expectation–maximisation for several
    numbers of components with full covariances and keeps the one with the highest E_q log p(z) on
    validation; "vamp", "flow" (masked autoregressive), "flow_matching" and "two_stage" are trained on draws, and
    keep the epoch that is best on validation. None is kept unless it beats the prior that the model was trained
    with there by a standard error, and "standard" puts that one back: N(0, I) in most recipes. A "two_stage" is
    judged by a lower bound of its density. An autoencoder was trained with no prior, and keeps the best that is
    tried.
    Latents that are codes get a "pixelcnn" at every site, or "uniform" ones back.

    Args:
        vae: a trained model; it is not changed.
        train: whose codes are fitted.
        validation: whose codes choose.
        kind: standard, gaussian, gmm, vamp, flow, flow_matching or two_stage; for codes uniform or pixelcnn.
        seed: of the mixture's start, or of that of what is trained, and of its training.
        epochs: passes over the training set that a prior takes which is trained; default as many as make 4,000
            steps, or 1,500 of a PixelCNN.
        reporter: told how its training goes.
        own: the prior that the model was trained with, where another one was fitted since; default the model's,
            or N(0, I) in place of a fitted one.

    Raises:
        UserError: for a kind that is unknown or does not suit the latents, or codes that are not finite.

    Source: Tomczak & Welling 2018, https://arxiv.org/abs/1705.07120, section 2 (the aggregate posterior as the
    best prior); Ghosh et al. 2020, https://arxiv.org/abs/1903.12436, section 4 (ex-post density estimation).
    """
    if kind not in KINDS:
        raise UserError(f"no prior is called {kind}; {nearest(kind, KINDS)}")
    is_codes = isinstance(vae.latents, CodeLatents)
    suitable = CODE_KINDS if is_codes else ("standard",) if is_discrete(vae) else VECTOR_KINDS
    if kind not in suitable:
        what = (
            "grids of codes" if is_codes else "bits or classes" if is_discrete(vae) else "vectors of numbers"
        )
        raise UserError(
            f"the latents of this model are {what}: use --prior {' or --prior '.join(suitable)}, not {kind}"
        )
    if isinstance(vae.latents.top, ConditionalGaussian):
        raise UserError(
            "this model learned a prior for each condition, p(z|c), which one for all does not replace: train with "
            "--condition_prior shared to fit one"
        )
    if is_codes:
        return fit_codes(vae, train, validation, kind, seed, epochs, reporter or Silent())
    fitted = copy.deepcopy(vae).eval()
    latents = top_latents(fitted)
    z = draw_codes(fitted, train, MOST_CODES, FEWEST_CODES).flatten(0, 1)
    held_out = draw_codes(fitted, validation, MOST_CODES, 2_000)
    if not bool(torch.isfinite(z).all()):
        raise UserError("the model's codes are not finite, so no prior can be fitted: its training diverged")
    best = _plain(fitted, own, kind).to_device(z.device)
    reference, points = best.prior, isinstance(best.prior, NoPrior)
    if points:
        reference = StandardNormal(latents).to(z.device)
    fit = Fit(fitted, train, validation, z, seed, epochs, reporter or Silent())
    tried: list[float] = []
    for candidate, name in CANDIDATES[kind](fit) if kind in CANDIDATES else ():
        # Draws of one example are not independent of each other: the error is over examples.
        codes = held_out[:, :DEAR] if isinstance(candidate, Learner) else held_out
        gains = (_log_density(candidate, codes) - _log_density(reference, codes)).mean(0)
        gain = gains.mean().item()
        # One example has no spread, and is no evidence.
        error = gains.std().item() / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
        if (points and not tried) or gain > max(best.gain, error):
            at_least = isinstance(candidate, Bounded)
            best = replace(best, prior=candidate, name=name, gain=gain, at_least=at_least)
        tried.append(gain)
        # Two sizes in a row without a gain on validation: larger ones only overfit.
        if len(tried) > 2 and max(tried[-2:]) < max(tried[:-2]):
            break
    fitted.latents.replace_top(best.prior)
    return fitted, best


@torch.no_grad()
def _log_density(prior: Prior, z: Float[Tensor, "R N d"]) -> Float[Tensor, "R N"]:
    """log p(z), or a number whose mean is at most that, nats."""
    if not isinstance(prior, Bounded):
        return prior().log_prob(z)
    rows = z.flatten(0, 1)
    noise = Noise(0, ("bound",), (Shard(0, len(rows)),))
    parts = [
        prior.bound(rows[i : i + DEAR], noise.part(i, min(i + DEAR, len(rows))), BOUND_DRAWS)
        for i in range(0, len(rows), DEAR)
    ]
    return torch.cat(parts).reshape(z.shape[:2])


def _plain(vae: VAE, own: Prior | None, kind: str) -> FittedPrior:
    """The prior that the model was trained with, which any other must beat."""
    top = vae.latents.top if own is None else own
    if isinstance(top, NoPrior):
        if kind == "standard":
            raise UserError(
                "an autoencoder was not trained to have codes like draws from N(0, I), which would decode to "
                "anything: use --prior gmm or --prior gaussian"
            )
        return FittedPrior(top, "none", 0.0, what="of the codes' log-density")
    if isinstance(top, (StandardNormal, *ONLY_FITTED)):
        return FittedPrior(StandardNormal(top_latents(vae)), "standard normal", 0.0)
    if isinstance(top, KeptPrior) and own is not None:
        # Another model's shares that model's parts; this one must share this one's.
        mine = type(top).again(SavedPrior(vae, top.options, top.state_dict()))
        mine.load_state_dict(top.state_dict())
        top = mine.eval()
    return FittedPrior(top, type(top).__name__, 0.0, plain="the prior it was trained with")
