"""Put a closed-form solution into the parameters of a linear model."""

import torch
from torch import Tensor
from torch.nn import Linear

from vaekit.core import VAE
from vaekit.likelihoods import SolvedGaussian
from vaekit.posteriors import DiagonalGaussian
from vaekit.ppca import PPCA, fit_ppca


def linear_layers(vae: VAE) -> tuple[Linear, Linear, DiagonalGaussian, SolvedGaussian]:
    """The decoder's and the posterior mean's layer, the posterior and the likelihood of a linear VAE."""
    posterior = vae.posteriors["z"]
    layers = [module for module in vae.decoder.modules() if isinstance(module, Linear)]
    if not isinstance(posterior, DiagonalGaussian) or not isinstance(vae.likelihood, SolvedGaussian):
        raise TypeError("not a linear VAE")
    (decoder,) = layers
    return decoder, posterior.mean, posterior, vae.likelihood


@torch.no_grad()
def load_ppca(vae: VAE, solution: PPCA) -> None:
    """Set W, m, V, s² and σ² of a linear VAE to those of a PPCA model."""
    decoder, mean, posterior, likelihood = linear_layers(vae)
    decoder.weight.copy_(solution.weights)
    decoder.bias.copy_(solution.mean)
    mean.weight.copy_(solution.posterior_weights)
    mean.bias.copy_(-solution.posterior_weights @ solution.mean)
    if isinstance(posterior.log_std, Linear):
        raise TypeError("the posterior of a linear VAE shares one scale")
    posterior.log_std.copy_(0.5 * solution.posterior_variance.log())
    likelihood.variance.copy_(solution.noise)


def set_to_ppca(vae: VAE, x: Tensor) -> None:
    """Fit PPCA to x (N, *E) and put it into a linear VAE."""
    (latents,) = vae.latents.sites.values()
    load_ppca(vae, fit_ppca(x.flatten(1), latents))
