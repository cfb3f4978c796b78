"""The importance-weighted autoencoder, and what gives its encoder a better signal."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def iwae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 5,
    prior: PriorName = "standard",
) -> "Recipe":
    """The importance-weighted autoencoder: a tighter bound from K draws per example.

    Minimises −E log (1/K) Σ_k p(x, z_k) / q(z_k|x); K = 1 is the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws per example.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Burda et al. 2016, Importance weighted autoencoders, https://arxiv.org/abs/1509.00519, equation 8
    """
    return miwae(spec, architecture, samples=samples, groups=1, prior=prior)


def miwae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 8,
    groups: int = 8,
    prior: PriorName = "standard",
) -> "Recipe":
    """The multiply importance-weighted autoencoder: the mean of M bounds of K draws each.

    Minimises −E (1/M) Σ_m log (1/K) Σ_k p(x, z_mk) / q(z_mk|x); M = 1 is the IWAE, K = 1 the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws inside each logarithm.
        groups: M, bounds that are averaged, which makes the encoder's gradient less noisy.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Rainforth et al. 2018, Tighter variational bounds are not necessarily better,
    https://arxiv.org/abs/1802.04537, equation 13
    """
    from vaekit.objectives import IWAE
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    return Recipe(compose(spec, architecture), (as_objective(IWAE(samples, groups)),), prior=prior)


def ciwae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 64,
    share: float = 0.05,
    prior: PriorName = "standard",
) -> "Recipe":
    """The combination importance-weighted autoencoder: a share of the ELBO beside the tighter bound.

    Minimises −β ELBO − (1 − β) E log (1/K) Σ_k p(x, z_k) / q(z_k|x), both of the same K draws; β = 0 is the IWAE,
    β = 1 the VAE.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws per example.
        share: β in [0, 1], of the ELBO.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Rainforth et al. 2018, Tighter variational bounds are not necessarily better,
    https://arxiv.org/abs/1802.04537, equation 14
    """
    from vaekit.objectives import IWAE
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not 0 <= share <= 1:
        raise UserError(f"share is that of the ELBO, between 0 and 1, got {share}")
    objective = share * IWAE(1, groups=samples) + (1 - share) * IWAE(samples)
    return Recipe(compose(spec, architecture), (objective,), prior=prior)


def piwae(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 8,
    groups: int = 8,
    prior: PriorName = "standard",
) -> "Recipe":
    """The partially importance-weighted autoencoder: a tight bound for the decoder, MIWAE's for the encoder.

    Decoder and prior minimise −log (1/MK) Σ p(x, z) / q(z|x) over all M·K draws, encoder and posterior
    −(1/M) Σ_m log (1/K) Σ_k p(x, z_mk) / q(z_mk|x) of the same draws.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws inside each logarithm of the encoder's bound.
        groups: M, bounds that it averages.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Rainforth et al. 2018, Tighter variational bounds are not necessarily better,
    https://arxiv.org/abs/1802.04537, section 4, "PIWAE"
    """
    from vaekit.objectives import IWAE, PerPlayer
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    inference, generation = IWAE(samples, groups), IWAE(samples * groups)
    turn = PerPlayer(as_objective(inference), as_objective(generation))
    return Recipe(compose(spec, architecture), (turn,), prior=prior)


def dreg(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 50,
    prior: PriorName = "standard",
) -> "Recipe":
    """The importance-weighted autoencoder with doubly reparameterised gradients, which more draws make better.

    Decoder and prior minimise −E log (1/K) Σ_k w_k, w_k = p(x, z_k) / q(z_k|x); encoder and posterior follow the same
    bound by −Σ_k w̃_k² ∂ log w_k/∂z_k · ∂z_k/∂φ with w̃ = w/Σw.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws per example.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Tucker et al. 2019, Doubly reparameterized gradient estimators for Monte Carlo objectives,
    https://arxiv.org/abs/1810.04152, equation 8
    """
    from vaekit.objectives import IWAE, DReG, PerPlayer
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    turn = PerPlayer(as_objective(DReG(samples)), as_objective(IWAE(samples)))
    return Recipe(compose(spec, architecture), (turn,), prior=prior)


def vr_bound(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    samples: int = 5,
    alpha: float = 0.5,
    prior: PriorName = "standard",
) -> "Recipe":
    """The variational Rényi bound: between the ELBO and the evidence, by a number.

    Minimises −E 1/(1−α) log (1/K) Σ_k (p(x, z_k) / q(z_k|x))^{1−α}; α = 1 is the VAE, α = 0 the IWAE, α = −inf takes
    the best draw alone (VR-max).

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        samples: K, draws per example.
        alpha: α; above 1 q covers less of the posterior, below 0 the bound is one no more.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Li & Turner 2016, Rényi divergence variational inference, https://arxiv.org/abs/1602.02311, equation 13
    """
    from vaekit.objectives import Renyi
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    return Recipe(compose(spec, architecture), (as_objective(Renyi(alpha, samples)),), prior=prior)
