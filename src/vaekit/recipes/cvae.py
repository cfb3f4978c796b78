"""The conditional variational autoencoder."""

from dataclasses import replace
from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture
from vaekit.recipes.vae import vae
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def cvae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    beta: float = 1.0,
    warmup: float = 0.1,
) -> "Recipe":
    """The conditional VAE: encoder, decoder and prior are told the label or the attributes of each example.

    Minimises E_{q(z|x,c)}[−log p(x|z,c)] + β KL(q(z|x,c) ‖ p(z|c)) with p(z|c) learned; it bounds −log p(x|c).

    Args:
        spec: of the data, with a condition.
        architecture: networks, latents, likelihood, posterior.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.

    Source: Sohn et al. 2015, Learning structured output representation using deep conditional generative models,
    https://papers.nips.cc/paper/5775, equation 4, without its hybrid objective
    """
    if spec.condition is None:
        raise UserError("cvae is told something of each example: add --condition labels, or use --recipe vae")
    told = replace(spec, condition=replace(spec.condition, prior="learned"))
    return vae(told, architecture, beta=beta, warmup=warmup, prior="standard")
