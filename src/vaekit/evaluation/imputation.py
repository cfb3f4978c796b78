"""Fill what is missing with what a model makes of the rest of the example."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.distributions import Distribution

from vaekit.core import VAE, Sequential
from vaekit.data.batches import Examples
from vaekit.distributions import observed_only
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.bounds import draws_at_once, effective_draws, parts_of
from vaekit.likelihoods import ObservedOnly
from vaekit.noise import Noise, draw
from vaekit.told import plain, told_as

GROUP = 50
"""Draws from q that share one key of noise."""


@final
@dataclass(frozen=True, eq=False)
class Imputation:
    """Examples whose missing values were filled; the observed ones are as they were.

    Args:
        mean: each missing value by its conditional mean E[x_mis | x_obs], (N, *E).
        draws: M draws of x_mis from p(x_mis | x_obs), (M, N, *E).
        missing: which values were filled, (N, *E).
        ess: effective sample size of the importance weights, (N,), between 1 and K.
    """

    mean: Float[Tensor, "N *E"]
    draws: Float[Tensor, "M N *E"]
    missing: Bool[Tensor, "N *E"]
    ess: Float[Tensor, " N"]

    def take(self, places: Int[Tensor, " n"]) -> "Imputation":
        """Those of some examples, in this order."""
        return Imputation(self.mean[places], self.draws[:, places], self.missing[places], self.ess[places])


def why_not(vae: VAE) -> str | None:
    """Why a model cannot fill missing values, as a sentence; None where it can."""
    if vae.lacks_evidence is not None:
        return f"there is no p(x_mis | x_obs) to take values from: {vae.lacks_evidence}"
    if isinstance(vae.likelihood, Sequential):
        return "its values are not independent given z: each is drawn from all before it"
    with torch.no_grad():
        x = torch.zeros(1, *vae.shape, device=vae.device)
        try:
            observed_only(vae.trace(x, context=_any_condition(vae)).likelihood)
        except CapabilityError as error:
            return str(error)
    return None


@torch.no_grad()
def impute(
    vae: VAE,
    examples: Examples,
    fill: Float[Tensor, "*E"],
    importance_samples: int = 1000,
    draws: int = 0,
    hide: Callable[[Tensor, Noise], Tensor] | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Imputation:
    """Fill the values of a split that are missing (NaN), from K draws of z ~ q(z | x_obs).

    With w_k = p(x_obs | z_k) p(z_k) / q(z_k | x_obs) and w̃ = w/Σw, the mean is Σ_k w̃_k E[x_mis | z_k]; a draw takes
    one z_k with probability w̃_k, and x_mis from p(x_mis | z_k). Both become exact as K grows.

    Args:
        vae: put into evaluation mode; its likelihood must factorise over values.
        examples: the split.
        fill: what the encoder of a model that was trained on complete examples sees in place of a missing value.
        importance_samples: K.
        draws: M, multiple imputations beside the mean.
        hide: makes more values missing, from the noise of the split.
        progress: told the fraction done.

    Raises:
        UserError: if K < 1 or M < 0, or the model cannot fill values.

    Source: Mattei & Frellsen 2019, https://arxiv.org/abs/1812.02633, equations 11 and 12 (mean), section 3.3 (draws
    by sampling importance resampling).
    """
    if importance_samples < 1 or draws < 0:
        raise UserError(
            f"imputation takes at least 1 importance sample and 0 or more draws, got {importance_samples} and {draws}"
        )
    vae.eval()
    if why := why_not(vae):
        raise UserError(f"this model cannot fill missing values: {why}")
    at_once = draws_at_once(vae, examples)
    found: list[Imputation] = []
    for where, x, noise in examples.in_order():
        left = x if hide is None else hide(x, noise)
        own = importance_samples if bool(left.isnan().any()) else 1  # complete examples need no draws
        for part in parts_of(len(x), max(1, at_once // min(GROUP, own))):
            noises = [
                examples.noise(where, index).part(part.start, part.stop) for index in range(-(-own // GROUP))
            ]
            found.append(_filled(vae, left[part], fill, noises, own, draws))
        progress(where.stop / len(examples))
    return Imputation(
        torch.cat([part.mean for part in found]),
        torch.cat([part.draws for part in found], 1),
        torch.cat([part.missing for part in found]),
        torch.cat([part.ess for part in found]),
    )


@final
@dataclass(frozen=True, eq=False)
class _Draws:
    """Draws from q for some examples: their weights, their values of every site, and where they lead."""

    log_weight: list[Tensor]
    means: list[Tensor]
    sites: list[Mapping[str, Tensor]]

    @cached_property
    def weights(self) -> Float[Tensor, "K B"]:
        """w̃."""
        return torch.cat(self.log_weight).softmax(0)

    def mean(self) -> Float[Tensor, "B *E"]:
        """Σ_k w̃_k E[x | z_k]; each group came with its own normalisation."""
        groups = torch.stack([own.logsumexp(0) for own in self.log_weight]).softmax(0)
        shares = [
            share.reshape(-1, *[1] * (mean.ndim - 1)) for share, mean in zip(groups, self.means, strict=True)
        ]
        return torch.stack([share * mean for share, mean in zip(shares, self.means, strict=True)]).sum(0)

    def resampled(self, uniform: Float[Tensor, "M B"]) -> dict[str, Tensor]:
        """M of the K values of each site, by w̃, (M, B, d)."""
        cumulative = self.weights.double().cumsum(0)
        index = torch.searchsorted(
            (cumulative / cumulative[-1]).T.contiguous(), uniform.double().T.contiguous(), right=True
        ).T.clamp(max=len(cumulative) - 1)
        every = {name: torch.cat([own[name] for own in self.sites]) for name in self.sites[0]}
        return {name: z.take_along_dim(index.unsqueeze(-1), 0) for name, z in every.items()}


def _filled(
    vae: VAE, x: Tensor, fill: Tensor, noises: list[Noise], importance_samples: int, draws: int
) -> Imputation:
    """The examples of a part of a split."""
    missing = plain(x).isnan()
    partial = isinstance(vae.likelihood, ObservedOnly)
    features = vae.features(x if partial else told_as(x, torch.where(missing, fill.to(x.dtype), x)))
    found = _Draws([], [], [])
    for noise, samples in zip(noises, parts_of(importance_samples, GROUP), strict=True):
        trace = vae.trace(x, (samples.stop - samples.start,), noise=noise, features=features)
        p = observed_only(trace.likelihood)
        log_weight = p.log_prob(plain(x)) + trace.log_ratio()
        weight = log_weight.softmax(0)
        found.log_weight.append(log_weight)
        mean = p.mean
        found.means.append((weight.reshape(*weight.shape, *[1] * (mean.ndim - 2)) * mean).sum(0))
        found.sites.append({site.name: site.z for site in trace.sites})
    mean = torch.where(missing, found.mean(), x)
    drawn = plain(x).new_empty(0, *x.shape)
    if draws:
        u = noises[0].uniform("resampled", (draws, len(x)), 1, x)
        z = found.resampled(u)

        def given(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
            _ = prior, state
            return z[name]

        p = vae.walk(given, (draws, len(x)), vae.condition_of(x))
        drawn = torch.where(missing, draw(p, (draws, len(x)), noises[0], "imputed"), x)
    return Imputation(mean, drawn, missing, effective_draws(torch.cat(found.log_weight)))


def _any_condition(vae: VAE) -> Tensor | None:
    return None if vae.conditioning is None else torch.zeros(1, vae.conditioning.size, device=vae.device)
