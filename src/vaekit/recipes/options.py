"""The options that most recipes share; importing this must not import torch."""

from dataclasses import dataclass
from typing import Literal, final

Net = Literal["auto", "linear", "mlp", "conv", "conv_post", "resnet"]
Size = Literal["tiny", "small", "base"]
LikelihoodName = Literal[
    "auto", "gaussian", "bernoulli", "continuous_bernoulli", "logistic", "logistic_mixture"
]
SigmaName = Literal["solved", "learned", "per_dimension", "dct", "haar"]
PosteriorName = Literal["diagonal", "full_covariance"]
PriorName = Literal["standard", "gaussian", "gmm"]
DecayName = Literal["none", "cosine", "linear", "exponential"]
Activation = Literal["tanh", "relu", "silu"]


@final
@dataclass(frozen=True)
class Architecture:
    """Networks, latent size, likelihood and posterior of a recipe.

    Args:
        net: the networks; auto: mlp for vectors and images under 16 pixels, else conv.
        size: how wide the networks are.
        hidden: widths of the mlp's hidden layers, as in 200,200; the decoder has them reversed.
        activation: of the mlp.
        latents: dimensions of z; default 16 up to 256 values per example, 50 up to 4,096, else 128.
        likelihood: of x given z; auto: bernoulli for two levels, else gaussian.
        sigma: of the Gaussian likelihood: solved in closed form, learned, per_dimension, or a number; dct or haar
            solve one for each band of frequencies, which keeps fine detail.
        posterior: family of q(z|x).
    """

    net: Net = "auto"
    size: Size = "small"
    hidden: tuple[int, ...] | None = None
    activation: Activation = "tanh"
    latents: int | None = None
    likelihood: LikelihoodName = "auto"
    sigma: SigmaName | float = "solved"
    posterior: PosteriorName = "diagonal"
