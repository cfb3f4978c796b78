"""What recipes do with some training examples before training."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from vaekit.core import VAE

START_STD = 0.3
"""σ of codes that start with deviation 1."""


def standardise_codes(vae: "VAE", x: "Tensor") -> None:
    """Let the codes of a diagonal posterior at the top start with mean 0, deviation 1 and one σ, over x (N, *E).

    What a decoder hardly sees at the start it learns late: codes start with deviations of some hundredths.
    """
    from vaekit.posteriors import DiagonalGaussian

    posterior = vae.posteriors[next(iter(vae.latents.sites))]
    if isinstance(posterior, DiagonalGaussian):
        posterior.standardise(vae.eval().encode(x).mean, START_STD)
        vae.train()
