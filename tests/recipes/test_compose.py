import re
from dataclasses import replace

import pytest
import torch

from vaekit.errors import CapabilityError, UserError
from vaekit.latents import Flat
from vaekit.likelihoods import (
    BernoulliLikelihood,
    ContinuousBernoulliLikelihood,
    FixedScale,
    GaussianLikelihood,
    LearnedScale,
    LogisticLikelihood,
    LogisticMixtureLikelihood,
    SolvedGaussian,
)
from vaekit.posteriors import DiagonalGaussian, FullCovarianceGaussian
from vaekit.priors import GaussianPrior
from vaekit.recipes.compose import (
    build_likelihood,
    build_posterior,
    compose,
    gaussian_likelihood,
    latent_dimensions,
)
from vaekit.recipes.options import Architecture
from vaekit.spec import DataSpec

BINARY = DataSpec((1, 8, 8), levels=2, variance=0.2)
GREY = DataSpec((1, 8, 8), levels=None, variance=0.09)
LEVELS = DataSpec((3, 12, 10), levels=256, variance=0.09)
TABLE = DataSpec((6,), levels=None, variance=4.0)
TINY = Architecture(size="tiny", latents=2)


@pytest.mark.parametrize(
    ("shape", "latents"),
    [((6,), 16), ((1, 16, 16), 16), ((1, 28, 28), 50), ((1, 64, 64), 50), ((3, 64, 64), 128)],
)
def test_latents_grow_with_the_example(shape: tuple[int, ...], latents: int) -> None:
    assert latent_dimensions(DataSpec(shape, None), None) == latents
    assert latent_dimensions(DataSpec(shape, None), 3) == 3


@pytest.mark.parametrize("latents", [0, -2])
def test_a_model_needs_latents(latents: int) -> None:
    with pytest.raises(UserError, match=f"at least one latent dimension, got --latents {latents}"):
        latent_dimensions(TABLE, latents)


@pytest.mark.parametrize(
    ("spec", "name", "kind"),
    [
        (BINARY, "auto", BernoulliLikelihood),
        (GREY, "auto", SolvedGaussian),
        (LEVELS, "auto", SolvedGaussian),
        (TABLE, "auto", SolvedGaussian),
        (BINARY, "gaussian", SolvedGaussian),
        (GREY, "continuous_bernoulli", ContinuousBernoulliLikelihood),
        (LEVELS, "continuous_bernoulli", ContinuousBernoulliLikelihood),
        (LEVELS, "logistic", LogisticLikelihood),
        (LEVELS, "logistic_mixture", LogisticMixtureLikelihood),
    ],
)
def test_a_name_is_a_likelihood(spec: DataSpec, name, kind: type) -> None:
    assert isinstance(build_likelihood(spec, replace(TINY, likelihood=name)), kind)


@pytest.mark.parametrize(
    ("spec", "name", "error", "words"),
    [
        (LEVELS, "bernoulli", CapabilityError, "these have 256"),
        (GREY, "bernoulli", CapabilityError, "these are floats"),
        (TABLE, "continuous_bernoulli", UserError, "needs data in [0, 1]; use --likelihood gaussian"),
        (TABLE, "logistic", CapabilityError, "needs data with levels"),
        (GREY, "logistic_mixture", CapabilityError, "needs data with levels"),
        (GREY, "gausian", UserError, "no likelihood is called gausian; did you mean gaussian?"),
    ],
)
def test_what_the_data_do_not_allow_is_refused(spec, name, error, words) -> None:
    with pytest.raises(error, match=re.escape(words)):
        build_likelihood(spec, replace(TINY, likelihood=name))


@pytest.mark.parametrize(("spec", "squash"), [(GREY, "sigmoid"), (LEVELS, "sigmoid"), (TABLE, "identity")])
@pytest.mark.parametrize("sigma", ["solved", "learned", "per_dimension", 0.3, 1])
def test_means_keep_to_the_range_of_the_data(spec: DataSpec, squash: str, sigma) -> None:
    likelihood = gaussian_likelihood(spec, sigma)
    assert isinstance(likelihood, GaussianLikelihood | SolvedGaussian)
    assert likelihood.squash == squash


def test_sigma_starts_at_the_spread_of_the_data_or_where_it_is_told() -> None:
    solved, learned, each, fixed = (
        gaussian_likelihood(TABLE, sigma) for sigma in ("solved", "learned", "per_dimension", 0.3)
    )
    assert isinstance(solved, SolvedGaussian)
    assert solved.variance == 4
    for likelihood, kind, std, shape in (
        (learned, LearnedScale, 2.0, ()),
        (each, LearnedScale, 2.0, (6,)),
        (fixed, FixedScale, 0.3, ()),
    ):
        assert isinstance(likelihood, GaussianLikelihood)
        assert isinstance(likelihood.scale, kind)
        torch.testing.assert_close(likelihood.scale(), torch.full(shape, std), rtol=0.1, atol=0)


@pytest.mark.parametrize("sigma", ["solve", "0.3"])
def test_an_unknown_sigma_is_refused(sigma: str) -> None:
    with pytest.raises(
        UserError, match=f"sigma is solved, learned, per_dimension, dct, haar or a number, got {sigma}"
    ):
        gaussian_likelihood(TABLE, sigma)  # pyright: ignore[reportArgumentType]


def test_a_name_is_a_posterior() -> None:
    diagonal = build_posterior(TINY, features=3, state=0, latents=2)
    full = build_posterior(replace(TINY, posterior="full_covariance"), features=3, state=0, latents=2)
    assert isinstance(diagonal, DiagonalGaussian)
    assert isinstance(full, FullCovarianceGaussian)
    with pytest.raises(
        UserError, match="no posterior is called full_covarience; did you mean full_covariance"
    ):
        build_posterior(replace(TINY, posterior="full_covarience"), 3, 0, 2)


def test_parts_passed_in_are_used() -> None:
    latents = Flat(3, GaussianPrior(torch.zeros(3), torch.eye(3)))
    likelihood = GaussianLikelihood((6,), FixedScale(0.1))
    vae = compose(TABLE, TINY, latents, likelihood)
    assert vae.latents is latents
    assert vae.likelihood is likelihood
    assert vae.trace(torch.zeros(4, 6)).sites[0].z.shape == (4, 3)


@pytest.mark.parametrize("name", ["logistic_mixture", "logistic", "gaussian"])
@pytest.mark.parametrize("net", ["mlp", "conv", "resnet", "conv_post"])
def test_the_decoder_makes_the_outputs_that_the_likelihood_needs(name, net) -> None:
    vae = compose(LEVELS, replace(TINY, net=net, likelihood=name))
    channels = 3 * vae.likelihood.parameters_per_value
    assert vae.decoder(torch.zeros(4, 2)).shape == (4, channels, 12, 10)
