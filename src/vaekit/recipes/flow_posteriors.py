"""VAEs whose posterior is a normalising flow."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError, nearest
from vaekit.recipes.options import Observed, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.posteriors.stepped import SteppedPosterior
    from vaekit.recipes.compose import MakePosterior
    from vaekit.recipes.recipe import Recipe


def nf_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    flow: Literal["planar", "radial"] = "planar",
    depth: int = 8,
    warmup: float = 0.1,
    prior: PriorName = "standard",
) -> "Recipe":
    """A VAE whose posterior is a Gaussian bent by planar or radial steps.

    Minimises E_q[−log p(x|z_K) − log p(z_K) + log q_0(z_0|x) − Σ_k log |det df_k/dz_{k−1}|], z_K = f_K ∘ … ∘ f_1(z_0)
    with steps that the encoder predicts, in one draw.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood.
        flow: planar, which bends z along a direction, or radial, which moves it to or from a centre.
        depth: K, steps.
        warmup: fraction of training over which the weight of the rate rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, https://arxiv.org/abs/1505.05770,
    equations 10–15; the weight of the likelihood is not annealed (equation 20), the rate warms up in its place
    """
    from vaekit.posteriors import PlanarPosterior, RadialPosterior

    families: dict[str, type[SteppedPosterior]] = {"planar": PlanarPosterior, "radial": RadialPosterior}
    if flow not in families:
        raise UserError(f"no flow of a posterior is called {flow}; {nearest(flow, families)}")

    def posterior(_: str, features: int, state: int, latents: int) -> "SteppedPosterior":
        return families[flow](features, state, latents, depth)

    return _elbo(spec, architecture, posterior, warmup, prior)


def iaf_vae(
    spec: DataSpec,
    architecture: Observed = Observed(),  # noqa: B008 (frozen)
    *,
    transforms: int = 4,
    flow_width: int = 64,
    warmup: float = 0.1,
    prior: PriorName = "standard",
) -> "Recipe":
    """A VAE whose posterior is an inverse autoregressive flow, which can take nearly any shape.

    Minimises E_q[−log p(x|z_T) − log p(z_T) + log q_0(z_0|x) − Σ_t Σ_j log σ_tj] with
    z_t = σ_t ⊙ z_{t−1} + (1 − σ_t) ⊙ m_t, [m_t, log σ_t/(1 − σ_t)] autoregressive in z_{t−1}, in one draw.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood.
        transforms: T, steps, in alternating orders.
        flow_width: of both hidden layers of each step.
        warmup: fraction of training over which the weight of the rate rises from 0.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Kingma et al. 2016, Improving variational inference with inverse autoregressive flow,
    https://arxiv.org/abs/1606.04934, algorithm 1 and equations 13–14; left out: the deep ResNet VAE of section 5
    """
    from vaekit.posteriors import IAFPosterior

    def posterior(_: str, features: int, state: int, latents: int) -> IAFPosterior:
        return IAFPosterior(features, state, latents, transforms, flow_width)

    return _elbo(spec, architecture, posterior, warmup, prior)


def _elbo(
    spec: DataSpec, architecture: Observed, posterior: "MakePosterior", warmup: float, prior: PriorName
) -> "Recipe":
    from vaekit.objectives import KL, NLL, Constant, Linear
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not 0 <= warmup <= 1:
        raise UserError(f"warmup is a fraction of training between 0 and 1, got {warmup}")
    weight = Linear(1.0, warmup) if warmup else Constant(1.0)
    return Recipe(compose(spec, architecture, posterior=posterior), (NLL() + weight * KL(),), prior=prior)
