"""Whether the stated scale of a Gaussian is that of its errors."""

import math
from dataclasses import dataclass
from typing import final

import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError
from vaekit.likelihoods import GaussianLikelihood, SolvedBands, SolvedGaussian


@final
@dataclass(frozen=True)
class Calibration:
    """Squared error over stated variance.

    Args:
        ratio: E ‖(x − x̂) / σ‖² / D; 1 where σ is right, under 1 where it is too large.
        standard_error: over examples.
        error: E ‖x − x̂‖² / D, squared units of x.
    """

    ratio: float
    standard_error: float
    error: float


@torch.no_grad()
def calibration(vae: VAE, examples: Examples) -> Calibration:
    """Compare the errors of held-out examples, at one draw from q each, with the σ of a Gaussian likelihood.

    With one σ this is E‖x − x̂‖²/(Dσ²); with one per dimension or band, errors are divided each by its own, in
    the basis where they are independent.

    Args:
        vae: in evaluation mode.
        examples: held out: neither weights nor σ may have seen them.

    Raises:
        CapabilityError: if the likelihood is no Gaussian.

    Source: Rybkin et al. 2021 (σ-VAE), https://arxiv.org/abs/2006.13202, section 4 (σ² is the mean squared error).
    """
    likelihood = vae.likelihood
    if not isinstance(likelihood, GaussianLikelihood | SolvedGaussian | SolvedBands):
        raise CapabilityError(
            f"{type(likelihood).__name__} states no sigma of its own that errors could have"
        )
    ratios, errors = [], []
    for _, x, noise in examples.in_order():
        distribution = vae.trace(x, noise=noise).likelihood
        errors.append((x - distribution.mean).square().flatten(1).mean(1))
        if isinstance(likelihood, SolvedBands):
            by_band = likelihood.errors(distribution, x) / likelihood.variance
            ratios.append((by_band * likelihood.sizes).sum(1) / likelihood.sizes.sum())
        else:
            scaled = (x - distribution.mean).square() / distribution.variance
            ratios.append(scaled.flatten(1).mean(1))
    ratio, error = torch.cat(ratios).double(), torch.cat(errors).double()
    standard_error = ratio.std().item() / math.sqrt(len(ratio)) if len(ratio) > 1 else math.inf
    return Calibration(ratio.mean().item(), standard_error, error.mean().item())
