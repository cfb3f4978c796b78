"""The default for photographs: a VAE whose σ is solved for each band of frequencies."""

from dataclasses import replace
from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def photo_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(size="base", latents=128, sigma="dct"),  # noqa: B008 (frozen)
    *,
    whitening: float = 0.5,
    beta: float = 1.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The variational autoencoder for photographs: one solved σ² for each band of frequencies and colour.

    Minimises E_q[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)) with p(x|z) = N(x̂, Tᵀ diag(σ²_band) T), T orthonormal.
    Training weighs the bands by (σ²_band)^−α instead of 1/σ²_band, and everything measured uses σ²_band itself.

    Args:
        spec: of the data; where they have no bands (tables, tiny or two-level images) the likelihood is vae's.
        architecture: networks, latents, likelihood, posterior; sigma dct has rings of frequency, haar pairs
            of scales.
        whitening: α. At 0 training sees one σ² for all, which leaves fine detail unlearned; at 1 the bands'
            own, which explain photographs so well without z that z is hardly used.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Rybkin et al. 2021 (σ-VAE), https://arxiv.org/abs/2006.13202, equation 6, for each band by itself;
    whitening and defaults were chosen by measurement: docs/decisions/017
    """
    from vaekit.likelihoods import has_bands
    from vaekit.objectives import KL, NLL, Linear
    from vaekit.recipes.compose import build_likelihood, compose
    from vaekit.recipes.recipe import Recipe

    if not beta >= 0:
        raise UserError(f"beta must be at least 0, got {beta}")
    if architecture.sigma in ("dct", "haar") and not (has_bands(spec) and spec.levels != 2):
        architecture = replace(architecture, sigma="solved")
    likelihood = build_likelihood(spec, architecture, whitening)
    objective = NLL() + Linear(beta, warmup) * KL()
    return Recipe(compose(spec, architecture, likelihood=likelihood), (objective,), prior=prior)
