"""The VAE whose decoder is autoregressive."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, Networks, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def pixel_vae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    features: int = 8,
    width: int = 16,
    layers: int = 2,
    kernel: int = 5,
    beta: float = 1.0,
    warmup: float = 0.3,
    free_bits: float = 0.0,
    committed_rate: float = 0.0,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The variational autoencoder whose decoder is a small PixelCNN, told of z by a map of features.

    Minimises E_q[−Σ_t log p(x_t|x_<t, z)] + β KL(q(z|x) ‖ N(0, I)). What the PixelCNN sees of earlier pixels
    it need not be told by z: it is kept small, and β rises slowly, so that z is used at all.

    Args:
        spec: of the data; images with levels.
        networks: networks and latents.
        features: of the decoder's map, for each channel of the data.
        width: features of the PixelCNN's stacks.
        layers: of the PixelCNN.
        kernel: odd width of its convolutions; it sees layers·(kernel − 1)/2 pixels each way.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        free_bits: nats that each latent dimension may cost for nothing, against a collapse of z.
        committed_rate: nats that the KL is at least, by a prior over neighbouring latents instead of N(0, I) (see
            delta_vae); 0 for none.
        prior: fitted to the aggregate posterior when training ends; standard leaves what was trained with.

    Source: Gulrajani et al. 2017, PixelVAE: a latent variable model for natural images,
    https://arxiv.org/abs/1611.05013; its PixelCNN: van den Oord et al. 2016, https://arxiv.org/abs/1606.05328;
    the committed rate: Razavi et al. 2019, https://arxiv.org/abs/1901.03416
    """
    from vaekit.latents import Flat
    from vaekit.likelihoods import PixelCNNLikelihood
    from vaekit.objectives import KL, NLL, Linear
    from vaekit.priors import committed_prior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Optimiser, Recipe

    if not beta >= 0:
        raise UserError(f"beta must be at least 0, got {beta}")
    if features < 1:
        raise UserError(
            f"the decoder must say something to the PixelCNN: --features at least 1, got {features}"
        )
    if free_bits > 0 and committed_rate > 0:
        raise UserError("free bits and a committed rate do the same: give --free_bits or --committed_rate")
    likelihood = PixelCNNLikelihood(spec, features, width, layers, kernel)
    objective = NLL() + Linear(beta, warmup) * KL(free_bits=free_bits)
    architecture = Architecture(
        networks.net, networks.size, networks.hidden, networks.activation, networks.latents
    )
    d = latent_dimensions(spec, networks.latents)
    latents = Flat(d, committed_prior(d, committed_rate)) if committed_rate else None
    model = compose(spec, architecture, latents, likelihood)
    return Recipe(model, (objective,), optimiser=Optimiser(lr=0.003), prior=prior)
