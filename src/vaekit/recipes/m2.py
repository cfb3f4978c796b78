"""Semi-supervised learning: the label as a latent variable."""

from dataclasses import replace
from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Observed
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def m2(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    alpha: float = 0.1,
) -> "Recipe":
    """The semi-supervised VAE: the label is a latent variable, which some examples show.

    Minimises L(x, y) − α (N/N_l) log q(y|x) of labelled examples and Σ_y q(y|x) L(x, y) − H(q(y|x)) of the others,
    L(x, y) = E_{q(z|x,y)}[−log p(x|y,z) − log p(y)] + KL(q(z|x,y) ‖ N(0, I)).

    Args:
        spec: of the data, with labels as condition; --labelled 100 shows 100 of them.
        architecture: networks, latents, likelihood.
        alpha: α, of the classifier q(y|x); it is multiplied by how many times fewer examples have labels.

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models,
    https://arxiv.org/abs/1406.5298, equations 6, 7 and 9 (model M2), with the label in q(z|x,y) added linearly
    """
    from torch.nn import Identity

    from vaekit.latents import TopDown
    from vaekit.objectives import SemiSupervised
    from vaekit.posteriors import DiagonalGaussian, OneHotPosterior
    from vaekit.priors import OneHotPrior, StandardNormal
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    if spec.condition is None or spec.condition.kind != "labels":
        raise UserError(
            "m2 learns from labels, of some examples at least: add --condition labels --labelled 100"
        )
    k, d = spec.condition.size, latent_dimensions(spec, architecture.latents)
    scarcity = (spec.examples or 1) / (spec.condition.labelled or spec.examples or 1)
    model = compose(
        replace(spec, condition=None),
        architecture,
        TopDown(k, d, OneHotPrior(1, k), Identity(), k, StandardNormal(d)),
        posterior=lambda site, f, s, d: (
            OneHotPosterior(f, s, 1, k) if site == "z2" else DiagonalGaussian(f, s, d)
        ),
    )
    return Recipe(model, (SemiSupervised("z2", alpha * max(1.0, scarcity)),), reads_condition=True)
