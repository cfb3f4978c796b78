"""From options to parts: the one place where names of networks, likelihoods and posteriors become objects."""

from collections.abc import Callable
from functools import partial

from vaekit.core import VAE, Conditioning, Latents, Likelihood, Posterior, Prior
from vaekit.corruptions import Corruption, SaltAndPepper, corruption_named
from vaekit.errors import UserError, nearest
from vaekit.latents import Flat
from vaekit.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    FixedScale,
    GaussianLikelihood,
    LaplaceLikelihood,
    LearnedScale,
    LogCoshLikelihood,
    LogisticLikelihood,
    LogisticMixtureLikelihood,
    MixedLikelihood,
    NegativeBinomialLikelihood,
    PoissonLikelihood,
    Reconstruction,
    SolvedBands,
    SolvedGaussian,
    SolvedLaplace,
    StudentTLikelihood,
)
from vaekit.likelihoods.gaussian import Scale, Squash
from vaekit.nets import NetOptions, build_decoder, build_encoder, resolve
from vaekit.posteriors import (
    DiagonalGaussian,
    FullCovarianceGaussian,
    IAFPosterior,
    PlanarPosterior,
    PointPosterior,
    RadialPosterior,
)
from vaekit.posteriors.point import Code
from vaekit.priors import ConditionalGaussian, NoPrior, StandardNormal
from vaekit.recipes.options import Architecture, Networks, Observed, SigmaName
from vaekit.recipes.tables import encoder_for
from vaekit.spec import DataSpec

MakePosterior = Callable[[str, int, int, int], Posterior]
"""(site, features of the encoder, features of the state above, dimensions) -> q."""


def latent_dimensions(spec: DataSpec, latents: int | None) -> int:
    """The number asked for, or a default that grows with the example.

    Example:
        >>> latent_dimensions(DataSpec((1, 8, 8), 17), None)
        16
    """
    if latents is not None:
        if latents < 1:
            raise UserError(f"a model needs at least one latent dimension, got --latents {latents}")
        return latents
    return 16 if spec.dimensions <= 256 else 50 if spec.dimensions <= 4096 else 128


def net_options(networks: Networks, spec: DataSpec) -> NetOptions:
    """What the options say of the networks, "auto" replaced by what suits the data."""
    options = NetOptions(networks.net, networks.size, networks.hidden, networks.activation)
    return resolve(options, spec.shape)


def build_corruption(spec: DataSpec, name: str, amount: float, low: float = 0.0) -> Corruption:
    """The corruption that options name; `low` is the lowest value of salt and pepper, 1 the highest."""
    if name != "salt_and_pepper":
        return corruption_named(name, amount)
    if not _in_unit_interval(spec):
        raise UserError("salt-and-pepper noise needs data in [0, 1]: use --corruption white for a table")
    return SaltAndPepper(amount, low)


def compose(
    spec: DataSpec,
    architecture: Observed,
    latents: Latents | None = None,
    likelihood: Likelihood | None = None,
    posterior: MakePosterior | None = None,
) -> VAE:
    """Build encoder, posteriors, decoder and likelihood around a choice of latents.

    Args:
        spec: of the data.
        architecture: the shared options.
        latents: default: one site with a standard normal prior.
        likelihood: default: the one the options name.
        posterior: makes a site's posterior from its name; default: the one the options name, or a diagonal Gaussian.
    """
    options = net_options(architecture, spec)
    d = latent_dimensions(spec, architecture.latents)
    if latents is not None and spec.condition is not None and spec.condition.prior == "learned":
        raise UserError("this recipe has a prior of its own: use --condition_prior shared, or --recipe cvae")
    latents = latents or Flat(d, prior_of(spec, d))
    likelihood = likelihood or build_likelihood(spec, architecture)
    encoder = encoder_for(options, spec, likelihood)
    if posterior is None:
        named = architecture if isinstance(architecture, Architecture) else Architecture()
        posterior = partial(_named_posterior, named)
    posteriors = {
        site: posterior(site, encoder.out_features, latents.state_features[site], dimensions)
        for site, dimensions in latents.sites.items()
    }
    decoder = build_decoder(
        options, latents.out_features + told_numbers(spec), likelihood.outputs(spec.shape)
    )
    conditioning = build_conditioning(spec, encoder.out_features, latents.out_features)
    return VAE(encoder, posteriors, latents, decoder, likelihood, spec.shape, conditioning)


def told_numbers(spec: DataSpec) -> int:
    """C, numbers of the condition that a decoder sees beside the latents; 0 where nothing is told."""
    return 0 if spec.condition is None else spec.condition.size


def build_conditioning(spec: DataSpec, features: int, seen: int, as_map: bool = False) -> Conditioning | None:
    """How the condition of these data enters; None where nothing is told."""
    return None if spec.condition is None else Conditioning(spec.condition.size, features, seen, as_map)


def prior_of(spec: DataSpec, latents: int) -> Prior:
    """N(0, I); or p(z | c) where a prior is learned for each condition."""
    if spec.condition is not None and spec.condition.prior == "learned":
        return ConditionalGaussian(spec.condition.size, latents)
    return StandardNormal(latents)


def compose_points(
    spec: DataSpec, networks: Networks, prior: Callable[[int], Prior] = NoPrior, code: Code = "linear"
) -> VAE:
    """Build an autoencoder, whose codes and reconstructions are points.

    A linear one has a linear output, else the output lies in the data's range.

    Args:
        spec: of the data.
        networks: the shared options.
        prior: makes p(z) from the number of latents; default: none until one is fitted.
        code: range of a code.
    """
    options = net_options(networks, spec)
    d = latent_dimensions(spec, networks.latents)
    encoder = build_encoder(options, spec.shape)
    return VAE(
        encoder,
        {"z": PointPosterior(encoder.out_features, 0, d, code)},
        Flat(d, prior(d)),
        build_decoder(options, d + told_numbers(spec), spec.shape),
        Reconstruction(spec.shape, "identity" if options.net == "linear" else squash_for(spec)),
        spec.shape,
        build_conditioning(spec, encoder.out_features, d),
    )


def _named_posterior(
    architecture: Architecture, site: str, features: int, state: int, latents: int
) -> Posterior:
    _ = site
    return build_posterior(architecture, features, state, latents)


def build_posterior(architecture: Architecture, features: int, state: int, latents: int) -> Posterior:
    """The posterior family that the options name."""
    makers: dict[str, Callable[[int, int, int], Posterior]] = {
        "diagonal": DiagonalGaussian,
        "full_covariance": FullCovarianceGaussian,
        "planar": PlanarPosterior,
        "radial": RadialPosterior,
        "iaf": IAFPosterior,
    }
    name: str = architecture.posterior
    if name not in makers:
        raise UserError(f"no posterior is called {name}; {nearest(name, makers)}")
    return makers[name](features, state, latents)


def build_likelihood(spec: DataSpec, architecture: Observed, whitening: float = 0.5) -> Likelihood:
    """The likelihood that the options name; auto: mixed for columns, Bernoulli for two levels, else Gaussian."""
    makers: dict[str, Callable[[], Likelihood]] = {
        "gaussian": lambda: gaussian_likelihood(spec, architecture.sigma, whitening),
        "laplace": lambda: laplace_likelihood(spec, architecture.sigma),
        "student_t": lambda: student_t_likelihood(spec, architecture.sigma),
        "log_cosh": lambda: log_cosh_likelihood(spec, architecture.sigma),
        "bernoulli": lambda: BernoulliLikelihood(spec),
        "continuous_bernoulli": lambda: ContinuousBernoulliLikelihood(spec.shape),
        "logistic": lambda: LogisticLikelihood(spec),
        "logistic_mixture": lambda: LogisticMixtureLikelihood(spec),
        "categorical": lambda: CategoricalLikelihood(spec),
        "poisson": lambda: PoissonLikelihood(spec),
        "negative_binomial": lambda: NegativeBinomialLikelihood(spec),
        "mixed": lambda: MixedLikelihood(spec),
    }
    name: str = architecture.likelihood
    if name == "auto":
        name = "mixed" if spec.columns else "bernoulli" if spec.levels == 2 else "gaussian"
    if name not in makers:
        raise UserError(f"no likelihood is called {name}; {nearest(name, makers)}")
    if name == "continuous_bernoulli" and not _in_unit_interval(spec):
        raise UserError("a continuous Bernoulli needs data in [0, 1]; use --likelihood gaussian for a table")
    return makers[name]()


def gaussian_likelihood(spec: DataSpec, sigma: SigmaName | float, whitening: float = 0.5) -> Likelihood:
    """A Gaussian with σ solved, for all values or for each band; learned; per dimension; or a number."""
    squash = squash_for(spec)
    _check_varies(spec)
    if sigma == "solved":
        return SolvedGaussian(spec, squash)
    if sigma == "dct":
        return SolvedBands(spec, "dct", squash, whitening)
    if sigma == "haar":
        return SolvedBands(spec, "haar", squash, whitening)
    return GaussianLikelihood(spec.shape, build_scale(spec, sigma, spec.variance**0.5), squash)


def laplace_likelihood(spec: DataSpec, sigma: SigmaName | float) -> Likelihood:
    """A Laplace density with b solved, learned, per dimension, or a number; 2b² is its variance."""
    _check_varies(spec)
    if sigma == "solved":
        return SolvedLaplace(spec, squash_for(spec))
    scale = build_scale(spec, sigma, (spec.variance / 2) ** 0.5)
    return LaplaceLikelihood(spec.shape, scale, squash_for(spec))


def student_t_likelihood(
    spec: DataSpec, sigma: SigmaName | float, freedom: float | None = None
) -> Likelihood:
    """Student's t with one scale, which has no closed form, and ν learned or given; at ν = 4 its variance is 2s²."""
    _check_varies(spec)
    scale = build_scale(spec, "learned" if sigma == "solved" else sigma, (spec.variance / 2) ** 0.5)
    return StudentTLikelihood(spec.shape, scale, squash_for(spec), freedom)


def log_cosh_likelihood(spec: DataSpec, sigma: SigmaName | float, sharpness: float = 10.0) -> Likelihood:
    """The density of the log-cosh loss, with one scale, which has no closed form."""
    _check_varies(spec)
    scale = build_scale(spec, "learned" if sigma == "solved" else sigma, (spec.variance / 2) ** 0.5)
    return LogCoshLikelihood(spec.shape, scale, squash_for(spec), sharpness)


def build_scale(spec: DataSpec, sigma: SigmaName | float, start: float) -> Scale:
    """A scale that is learned, from `start` on, or given."""
    if sigma == "learned":
        return LearnedScale(start)
    if sigma == "per_dimension":
        return LearnedScale(start, spec.shape)
    if isinstance(sigma, int | float):
        return FixedScale(float(sigma))
    if sigma in ("dct", "haar"):
        raise UserError(f"--sigma {sigma} is for --likelihood gaussian: use solved, learned or a number")
    raise UserError(f"sigma is solved, learned, per_dimension, dct, haar or a number, got {sigma}")


def _check_varies(spec: DataSpec) -> None:
    if not spec.variance > 0:
        raise UserError("all training examples are the same: there is no variance for a density to explain")


def squash_for(spec: DataSpec) -> Squash:
    """The range of a Gaussian's mean: (0, 1) for levels and pictures, the real line for a table of floats."""
    return "sigmoid" if _in_unit_interval(spec) else "identity"


def _in_unit_interval(spec: DataSpec) -> bool:
    """Levels and pictures lie in [0, 1]; a table of floats need not."""
    return spec.levels is not None or spec.is_image
