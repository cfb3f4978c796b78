"""VAEs whose likelihood has heavier tails than a Gaussian's, for data with outliers or edges."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, LikelihoodName, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.core import Likelihood
    from vaekit.recipes.recipe import Recipe


def laplace(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    beta: float = 1.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The VAE with a Laplace likelihood: absolute errors in place of squared ones, their scale solved.

    Minimises E_q[‖x − x̂(z)‖₁/b + D ln 2b] + β KL(q(z|x) ‖ N(0, I)), b the mean absolute error.

    Args:
        spec: of the data.
        architecture: networks, latents, posterior; sigma is the scale b, and the likelihood is fixed.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Barron 2019, A general and adaptive robust loss function, https://arxiv.org/abs/1701.03077, section 3.1,
    where the likelihood of a VAE varies between Gaussian and heavy tails; left out: its smooth family, its wavelets
    """
    from vaekit.recipes.compose import laplace_likelihood

    _check_free("laplace", architecture, "laplace")
    return _elbo(spec, architecture, laplace_likelihood(spec, architecture.sigma), beta, warmup, prior)


def student_t(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    freedom: float | None = None,
    beta: float = 1.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The VAE with a Student-t likelihood: an outlier costs the logarithm of its distance, and spoils no fit.

    Minimises E_q[−log t_ν(x; x̂(z), s)] + β KL(q(z|x) ‖ N(0, I)).

    Args:
        spec: of the data.
        architecture: networks, latents, posterior; sigma is the scale s, and the likelihood is fixed.
        freedom: ν > 1, degrees of freedom; small ones have heavy tails; default: learned, from 4 on.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Takahashi et al. 2018, Student-t variational autoencoder for robust density estimation,
    https://doi.org/10.24963/ijcai.2018/374; left out: s and ν that the decoder gives for each value
    """
    from vaekit.recipes.compose import student_t_likelihood

    _check_free("student_t", architecture, "student_t")
    likelihood = student_t_likelihood(spec, architecture.sigma, freedom)
    return _elbo(spec, architecture, likelihood, beta, warmup, prior)


def logcosh_vae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    sharpness: float = 10.0,
    beta: float = 1.0,
    warmup: float = 0.1,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The VAE with the log-cosh loss, made a density: squared for small errors, absolute for large ones.

    Minimises E_q[Σ_d (1/a) ln cosh(a (x_d − x̂_d)/b) + D ln bZ_a] + β KL(q(z|x) ‖ N(0, I)),
    Z_a = √π Γ(1/2a) / (a Γ((1/a + 1)/2)).

    Args:
        spec: of the data.
        architecture: networks, latents, posterior; sigma is the scale b, and the likelihood is fixed.
        sharpness: a; errors beyond b/a count as absolute ones.
        beta: β, weight of the KL; 1 is the evidence lower bound.
        warmup: fraction of training over which β rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Chen et al. 2019, Log hyperbolic cosine loss improves variational auto-encoder,
    https://openreview.net/forum?id=rkglvsC9Ym, whose loss has b = 1 and lacks Z_a
    """
    from vaekit.recipes.compose import log_cosh_likelihood

    _check_free("logcosh_vae", architecture, "log_cosh")
    likelihood = log_cosh_likelihood(spec, architecture.sigma, sharpness)
    return _elbo(spec, architecture, likelihood, beta, warmup, prior)


def _check_free(recipe: str, architecture: Architecture, own: LikelihoodName) -> None:
    if architecture.likelihood not in ("auto", own):
        raise UserError(f"{recipe} fixes its likelihood; use --recipe vae to choose another one")


def _elbo(
    spec: DataSpec,
    architecture: Architecture,
    likelihood: "Likelihood",
    beta: float,
    warmup: float,
    prior: PriorName,
) -> "Recipe":
    """The recipe that minimises −E log p(x|z) + β KL."""
    from vaekit.objectives import KL, NLL, Constant, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not beta >= 0:
        raise UserError(f"beta must be at least 0, got {beta}")
    weight = Linear(beta, warmup) if warmup else Constant(beta)
    model = compose(spec, architecture, likelihood=likelihood)
    return Recipe(model, (NLL() + weight * KL(),), prior=prior)
