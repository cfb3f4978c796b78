"""VAEs whose prior is a mixture that is learned with them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture
from vaekit.recipes.start import standardise_codes
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from vaekit.core import VAE, Prior
    from vaekit.objectives import Term
    from vaekit.recipes.recipe import Recipe


def vamp(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    components: int = 500,
    warmup: float = 0.1,
) -> "Recipe":
    """A VAE whose prior is a mixture of its own posteriors at learned pseudo-inputs, which start from examples.

    Minimises E_q[−log p(x|z) + log q(z|x) − log p(z)] with p(z) = (1/K) Σ_k q(z|u_k), in one draw.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        components: K, pseudo-inputs; each step encodes all of them.
        warmup: fraction of training over which the weight of the rate rises from 0.

    Source: Tomczak & Welling 2018, VAE with a VampPrior, https://arxiv.org/abs/1705.07120, equation 9; without the
    second layer of latents of its section 3
    """
    from vaekit.objectives import KL
    from vaekit.priors import VampPrior
    from vaekit.recipes.compose import squash_for

    reach = "unit" if squash_for(spec) == "sigmoid" else "real"

    def prior(model: "VAE", d: int) -> "Prior":
        return VampPrior(model.encoder, model.posteriors["z"], d, spec.shape, components, reach)

    return _with_encoded_prior(spec, architecture, prior, KL(), warmup)


def exemplar(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    exemplars: int = 500,
    warmup: float = 0.1,
) -> "Recipe":
    """A VAE whose prior is a mixture of encoded training examples, with one learned width for all.

    Minimises E_q[−log p(x|z) + log q(z|x) − log p(z)] with p(z) = (1/M) Σ_m N(z; μ(x_m), σ² I), x itself left out.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        exemplars: M, examples of which the prior is made, the same ones all the time; each step encodes all of them.
        warmup: fraction of training over which the weight of the rate rises from 0.

    Source: Norouzi et al. 2020, Exemplar VAE, https://arxiv.org/abs/2004.04795, equations 4–6; M examples in place
    of all, and so neither a search for nearest neighbours nor a cache of codes
    """
    from vaekit.objectives import LeaveOneOutKL
    from vaekit.priors import ExemplarPrior

    def prior(model: "VAE", d: int) -> "Prior":
        return ExemplarPrior(model.encoder, model.posteriors["z"], d, spec.shape, exemplars)

    recipe = _with_encoded_prior(spec, architecture, prior, LeaveOneOutKL(), warmup)
    note = f"the prior is made of {exemplars} training examples, and the model file holds them: who has it has them"
    return replace(recipe, notes=(note,))


def gmm_prior(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    components: int = 50,
    warmup: float = 0.1,
) -> "Recipe":
    """A VAE whose prior is a mixture of Gaussians, trained with it.

    Minimises E_q[−log p(x|z) + log q(z|x) − log p(z)] with p(z) = Σ_k π_k N(z; μ_k, diag σ_k²), in one draw.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        components: K.
        warmup: fraction of training over which the weight of the rate rises from 0.

    Source: Tomczak & Welling 2018, VAE with a VampPrior, https://arxiv.org/abs/1705.07120, section 4 (its baseline
    MoG); Dilokthanakul et al. 2016, https://arxiv.org/abs/1611.02648, without the latents above the mixture
    """
    from vaekit.latents import Flat
    from vaekit.objectives import KL
    from vaekit.priors import LearnedMixture
    from vaekit.recipes.compose import compose, latent_dimensions

    d = latent_dimensions(spec, architecture.latents)
    return _recipe(compose(spec, architecture, Flat(d, LearnedMixture(d, components))), KL(), warmup)


def _with_encoded_prior(
    spec: DataSpec,
    architecture: Architecture,
    prior: "Callable[[VAE, int], Prior]",
    rate: "Term",
    warmup: float,
) -> "Recipe":
    """A VAE whose prior shares its encoder and posterior, and starts from examples."""
    from vaekit.recipes.compose import compose

    if spec.condition is not None:
        raise UserError("this prior encodes inputs that come without a condition: leave out --condition")
    model = compose(spec, architecture)
    model.latents.replace_top(prior(model, model.latents.sites["z"]))
    return replace(_recipe(model, rate, warmup), initialise=start_from_examples)


def _recipe(model: "VAE", rate: "Term", warmup: float) -> "Recipe":
    from vaekit.objectives import NLL, Constant, Linear
    from vaekit.recipes.recipe import Recipe

    if not 0 <= warmup <= 1:
        raise UserError(f"warmup is a fraction of training between 0 and 1, got {warmup}")
    weight = Linear(1.0, warmup) if warmup else Constant(1.0)
    return Recipe(model, (NLL() + weight * rate,))


def start_from_examples(vae: "VAE", x: "Tensor") -> None:
    """Let prior and codes of the top site start from some training examples (N, *E)."""
    from vaekit.priors.encoded import EncodedPrior

    assert isinstance(vae.latents.top, EncodedPrior)
    standardise_codes(vae, x)
    vae.latents.top.start(x)
