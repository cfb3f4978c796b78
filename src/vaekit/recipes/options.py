"""The options that most recipes share; importing this must not import torch."""

from dataclasses import dataclass
from typing import Literal, final

Net = Literal["auto", "linear", "mlp", "conv", "conv_post", "resnet"]
Size = Literal["tiny", "small", "base"]
LikelihoodName = Literal[
    "auto",
    "gaussian",
    "laplace",
    "student_t",
    "log_cosh",
    "bernoulli",
    "continuous_bernoulli",
    "logistic",
    "logistic_mixture",
    "categorical",
    "poisson",
    "negative_binomial",
    "mixed",
]
SigmaName = Literal["solved", "learned", "per_dimension", "dct", "haar"]
PosteriorName = Literal["diagonal", "full_covariance", "planar", "radial", "iaf"]
PriorName = Literal["standard", "gaussian", "gmm", "vamp", "flow", "flow_matching", "two_stage"]
FlowName = Literal["maf", "spline", "iaf"]
CodePriorName = Literal["uniform", "pixelcnn"]
CodebookName = Literal["ema", "gradient"]
DecayName = Literal["none", "cosine", "linear", "exponential"]
Activation = Literal["tanh", "relu", "silu"]
CorruptionName = Literal["white", "masking", "salt_and_pepper"]


@dataclass(frozen=True)
class Shared:
    """Options that several recipes take together, as one dataclass."""


@dataclass(frozen=True)
class Networks(Shared):
    """Networks and latent size of a recipe.

    Args:
        net: the networks; auto: mlp for vectors and images under 16 pixels, else conv.
        size: how wide the networks are.
        hidden: widths of the mlp's hidden layers, as in 200,200; the decoder has them reversed.
        activation: of the mlp.
        latents: dimensions of z; default 16 up to 256 values per example, 50 up to 4,096, else 128.
    """

    net: Net = "auto"
    size: Size = "small"
    hidden: tuple[int, ...] | None = None
    activation: Activation = "tanh"
    latents: int | None = None


@dataclass(frozen=True)
class Observed(Networks):
    """Networks, latent size and likelihood of a recipe that has a posterior of its own.

    Args:
        net: the networks; auto: mlp for vectors and images under 16 pixels, else conv.
        size: how wide the networks are.
        hidden: widths of the mlp's hidden layers, as in 200,200; the decoder has them reversed.
        activation: of the mlp.
        latents: dimensions of z; default 16 up to 256 values per example, 50 up to 4,096, else 128.
        likelihood: of x given z; auto: mixed where --columns are told, bernoulli for two levels, else gaussian.
        sigma: scale of a gaussian, laplace, student_t or log_cosh: solved in closed form (gaussian and laplace, else
            learned), learned, per_dimension, or a number; dct or haar solve one for each band of frequencies of a
            gaussian, which keeps fine detail.
    """

    likelihood: LikelihoodName = "auto"
    sigma: SigmaName | float = "solved"


@final
@dataclass(frozen=True)
class Architecture(Observed):
    """Networks, latent size, likelihood and posterior of a recipe.

    Args:
        net: the networks; auto: mlp for vectors and images under 16 pixels, else conv.
        size: how wide the networks are.
        hidden: widths of the mlp's hidden layers, as in 200,200; the decoder has them reversed.
        activation: of the mlp.
        latents: dimensions of z; default 16 up to 256 values per example, 50 up to 4,096, else 128.
        likelihood: of x given z; auto: mixed where --columns are told, bernoulli for two levels, else gaussian.
        sigma: scale of a gaussian, laplace, student_t or log_cosh: solved in closed form (gaussian and laplace, else
            learned), learned, per_dimension, or a number; dct or haar solve one for each band of frequencies of a
            gaussian, which keeps fine detail.
        posterior: family of q(z|x).
    """

    posterior: PosteriorName = "diagonal"


@final
@dataclass(frozen=True)
class Grids(Shared):
    """Networks and likelihood of a recipe whose latents are a grid of codes: their number follows from the grid.

    Args:
        size: how wide the networks are.
        downsample: by how much a side of the grid is smaller than that of the image: a power of two; default 4,
            and 2 for sides under 16 pixels.
        positions: groups of numbers that stand for a vector, each quantised for itself.
        likelihood: of x given z; auto: mixed where --columns are told, bernoulli for two levels, else gaussian.
        sigma: scale of a gaussian, laplace, student_t or log_cosh: solved in closed form (gaussian and laplace, else
            learned), learned, per_dimension, or a number; dct or haar solve one for each band of frequencies of a
            gaussian, which keeps fine detail.
    """

    size: Size = "small"
    downsample: int | None = None
    positions: int = 8
    likelihood: LikelihoodName = "auto"
    sigma: SigmaName | float = "solved"
