"""Binary latents, trained through the score function."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError, nearest
from vaekit.recipes.options import Observed
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def bernoulli_latents(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    estimator: Literal["reinforce", "vimco", "relax"] = "reinforce",
    samples: int = 5,
    prior_logits: Literal["fixed", "learned"] = "learned",
) -> "Recipe":
    """A VAE whose code is a row of bits, which have no slope to follow.

    Minimises E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z)), z ∈ {0, 1}ᵈ, along an unbiased gradient: of the score function
    with the K − 1 other draws as baseline (reinforce), or with a control variate that is learned (relax). With vimco
    it minimises −E log (1/K) Σ_k p(x, z_k) / q(z_k|x) instead.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood.
        estimator: of the gradient; vimco for the bound of K samples, relax learns a control variate beside the model.
        samples: K, draws per example; at least 2, with relax at least 1.
        prior_logits: fixed: every bit is a fair coin a priori; learned: each has a probability of its own.

    Source: Mnih & Rezende 2016, Variational inference for Monte Carlo objectives, https://arxiv.org/abs/1602.06725,
    equations 5–8; Grathwohl et al. 2018, Backpropagation through the void, https://arxiv.org/abs/1711.00123,
    equations 8–11 (without the network's dependence on x)
    """
    from vaekit.latents import Flat
    from vaekit.objectives import RELAX, VIMCO, ScoreELBO
    from vaekit.objectives.algebra import as_objective
    from vaekit.posteriors import BernoulliPosterior
    from vaekit.priors import BernoulliPrior
    from vaekit.recipes.compose import compose, latent_dimensions
    from vaekit.recipes.recipe import Recipe

    turns = {
        "reinforce": lambda: as_objective(ScoreELBO(samples)),
        "vimco": lambda: as_objective(VIMCO(samples)),
        "relax": lambda: RELAX(samples),
    }
    if estimator not in turns:
        raise UserError(f"no estimator is called {estimator}; {nearest(estimator, turns)}")
    d = latent_dimensions(spec, architecture.latents)
    latents = Flat(d, BernoulliPrior(d, prior_logits == "learned"))
    model = compose(
        spec,
        architecture,
        latents,
        posterior=lambda site, *sizes: BernoulliPosterior(*sizes, controlled=estimator == "relax"),
    )
    return Recipe(model, (turns[estimator](),))
