"""Score a trained decoder with another σ: what its means are worth, whatever scale they were trained at."""

import copy
from typing import Literal, get_args

import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError, nearest
from vaekit.evaluation.statistic import mean_statistic
from vaekit.likelihoods import GaussianLikelihood, SolvedBands, SolvedGaussian
from vaekit.spec import DataSpec

SolvedName = Literal["solved", "dct", "haar"]


def with_solved_sigma(vae: VAE, validation: Examples, spec: DataSpec, sigma: str) -> VAE:
    """Return the same model with σ² replaced by its closed form on validation; q and the means stay.

    A model trained at a σ far from its errors, as the mean-squared-error models of the web are, has a bound
    that says more about that σ than about the model. With σ² solved, what is left of the difference to a
    model trained at its own σ is due to the decoder and the posterior.

    Args:
        vae: with a Gaussian likelihood.
        validation: the split on which σ² is solved.
        spec: of the data.
        sigma: "solved" for one σ², "dct" or "haar" for one in each band of frequencies.

    Raises:
        CapabilityError: if the likelihood is not Gaussian.
        UserError: for another sigma.

    Example:
        >>> from vaekit import build_recipe
        >>> from vaekit.data import load
        >>> data = load("digits")
        >>> vae = build_recipe("mse_vae", data.spec, net="mlp", size="tiny").model.eval()
        >>> solved = with_solved_sigma(vae, Examples.of(data, "validation"), data.spec, "solved")
        >>> 0 < solved.likelihood.variance.item() < 1
        True
    """
    if sigma not in get_args(SolvedName):
        raise UserError(f"--sigma to score with is {nearest(sigma, get_args(SolvedName))}; got {sigma}")
    old = vae.likelihood
    if not isinstance(old, GaussianLikelihood | SolvedGaussian | SolvedBands):
        raise CapabilityError(
            f"only a Gaussian likelihood has a sigma to solve, this model's is {type(old).__name__}"
        )
    rescored = copy.deepcopy(vae).eval()
    likelihood: SolvedGaussian | SolvedBands
    if sigma == "solved":
        likelihood = SolvedGaussian(spec, old.squash)
    else:
        likelihood = SolvedBands(spec, "dct" if sigma == "dct" else "haar", old.squash)
    rescored.likelihood = likelihood.to(vae.device)
    with torch.no_grad():
        likelihood.solve(mean_statistic(rescored, validation))
    return rescored
