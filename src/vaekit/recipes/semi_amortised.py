"""A VAE whose encoder gives a first answer that gradient steps improve."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.recipes.recipe import Recipe


def semi_amortised(
    spec: DataSpec,
    architecture: Architecture = Architecture(),  # noqa: B008 (frozen)
    *,
    steps: int = 5,
    step_size: float = 0.1,
    gradient: Literal["second_order", "first_order"] = "second_order",
    warmup: float = 0.1,
    prior: PriorName = "standard",
) -> "Recipe":
    """A VAE whose encoder gives a first answer for each example, which gradient steps then improve.

    Minimises E_q[−log p(x|z)] + KL(q(z|x; λ_K) ‖ N(0, I)) with λ_{k+1} = λ_k + α ∇_λ ELBO(λ_k; x), λ_0 what the
    encoder says of x, and differentiates through the steps.

    Args:
        spec: of the data.
        architecture: networks, latents, likelihood, posterior.
        steps: K, for training and evaluation alike; each costs a pass of the decoder and back.
        step_size: α, in units of the encoder's features.
        gradient: second_order, through the steps; first_order takes their gradients for constants, and is cheaper.
        warmup: fraction of training over which the weight of the rate rises from 0; the steps climb the ELBO itself.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Kim et al. 2018, Semi-amortized variational autoencoders, https://arxiv.org/abs/1802.02550, algorithm 1
    and section 3; λ are the features that q reads, in place of its mean and variance; left out: the finite
    differences of section 3.2 (the second derivatives are exact), and momentum
    """
    from vaekit.objectives import KL, NLL, Constant, Linear
    from vaekit.posteriors import GradientAscent
    from vaekit.recipes.compose import compose
    from vaekit.recipes.recipe import Recipe

    if not 0 <= warmup <= 1:
        raise UserError(f"warmup is a fraction of training between 0 and 1, got {warmup}")
    if gradient not in ("second_order", "first_order"):
        raise UserError(f"the gradient of a refinement is second_order or first_order, got {gradient}")
    model = compose(spec, architecture)
    model.refinement = GradientAscent(steps, step_size, gradient=gradient)
    weight = Linear(1.0, warmup) if warmup else Constant(1.0)
    return Recipe(model, (NLL() + weight * KL(),), prior=prior)
