"""Autoencoders: codes that are points. None of them has a likelihood of x, and all say so."""

from typing import TYPE_CHECKING, Literal

from vaekit.errors import UserError
from vaekit.recipes.options import CorruptionName, Networks
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from vaekit.objectives import Turn
    from vaekit.recipes.recipe import Recipe

NOTE = (
    "an autoencoder has no likelihood of x: it is judged by its reconstructions alone, and draws nothing new "
    "until vaekit fit-prior fits a prior to its codes"
)


def ae(spec: DataSpec, networks: Networks = Networks()) -> "Recipe":  # noqa: B008 (frozen)
    """The autoencoder; with --net linear its code spans the subspace of the principal components.

    Minimises ‖x − g(f(x))‖², a sum over dimensions.

    Args:
        spec: of the data.
        networks: networks and latents.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks,
    https://doi.org/10.1126/science.1127647; linear: Baldi & Hornik 1989,
    https://doi.org/10.1016/0893-6080(89)90014-2
    """
    from vaekit.objectives import SquaredError
    from vaekit.objectives.algebra import as_objective

    return _recipe(spec, networks, (as_objective(SquaredError()),))


def sparse_ae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    target: float = 0.05,
    weight: float = 1.0,
) -> "Recipe":
    """The sparse autoencoder: code units in (0, 1) that are on for few examples each.

    Minimises ‖x − g(f(x))‖² + w Σ_j KL(ρ ‖ ρ̂_j), ρ̂_j the mean activity of unit j over the batch.

    Args:
        spec: of the data.
        networks: networks and latents.
        target: ρ, the activity wanted.
        weight: w, of the sparsity.

    Source: Ng 2011, Sparse autoencoder, CS294A lecture notes, section 3,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf
    """
    from vaekit.objectives import Sparsity, SquaredError

    if not weight >= 0:
        raise UserError(f"the weight of sparsity must be at least 0, got {weight}")
    return _recipe(spec, networks, (SquaredError() + weight * Sparsity(target),), code="sigmoid")


def dae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    corruption: CorruptionName = "white",
    amount: float = 0.3,
) -> "Recipe":
    """The denoising autoencoder: it sees x̃ ~ C(x̃|x) and is asked for x.

    Minimises E ‖x − g(f(x̃))‖².

    Args:
        spec: of the data.
        networks: networks and latents.
        corruption: white noise, masking (values set to 0) or salt_and_pepper (set to 0 or 1).
        amount: standard deviation of the white noise in units of x, or the fraction of values that are hit.

    Source: Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders,
    https://doi.org/10.1145/1390156.1390294, equation 6
    """
    from vaekit.objectives import Corrupted, SquaredError
    from vaekit.objectives.algebra import as_objective
    from vaekit.recipes.compose import build_corruption

    noise = build_corruption(spec, corruption, amount)
    return _recipe(spec, networks, (Corrupted(as_objective(SquaredError()), noise),))


def stacked_dae(
    spec: DataSpec,
    networks: Networks = Networks(net="mlp"),  # noqa: B008 (frozen)
    *,
    corruption: CorruptionName = "masking",
    amount: float = 0.25,
    pretraining: float = 0.5,
) -> "Recipe":
    """The stacked denoising autoencoder: trained greedily layer by layer, then fine-tuned as a whole.

    Layer k first minimises E ‖h − g_k(f_k(C(h)))‖² with h what the layers below say of x; then all together
    minimise E ‖x − g(f(x̃))‖². --hidden 500,300,100 makes a stack of any depth; the code is its last layer.

    Args:
        spec: of the data.
        networks: a perceptron and its latents.
        corruption: white noise, masking or salt_and_pepper, at every layer.
        amount: standard deviation of the white noise, or the fraction of values that are hit.
        pretraining: fraction of training that the layers take in equal parts; 0 trains jointly from the start.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, https://www.jmlr.org/papers/v11/vincent10a.html,
    section 3.5
    """
    from dataclasses import replace

    from vaekit.objectives import Corrupted, During, Layerwise, SquaredError
    from vaekit.objectives.algebra import as_objective
    from vaekit.objectives.layerwise import layers_of
    from vaekit.recipes.compose import build_corruption

    if networks.net not in ("mlp", "auto"):
        raise UserError(f"layers are stacked in a perceptron: --net mlp, not {networks.net}")
    if spec.condition is not None and pretraining > 0:
        raise UserError("layers that are trained one by one are told nothing: leave out --condition")
    if not 0 <= pretraining < 1:
        raise UserError(f"pretraining is a fraction of training of at least 0 and below 1, got {pretraining}")
    lowest = -1.0 if networks.activation == "tanh" else 0.0
    whole: Turn = Corrupted(as_objective(SquaredError()), build_corruption(spec, corruption, amount))
    recipe = _recipe(spec, replace(networks, net="mlp"), (whole,))
    if pretraining == 0:
        return recipe
    depth = len(layers_of(recipe.model)[0])
    turns: list[Turn] = []
    for k in range(1, depth + 1):
        noise = build_corruption(spec, corruption, amount, 0.0 if k == 1 else lowest)
        start, stop = pretraining * (k - 1) / depth, pretraining * k / depth
        turns.append(During(Layerwise(k, noise), start, stop))
    return replace(recipe, turns=(*turns, During(whole, pretraining, 1.0)))


def _recipe(
    spec: DataSpec,
    networks: Networks,
    turns: "tuple[Turn, ...]",
    code: Literal["linear", "sigmoid"] = "linear",
) -> "Recipe":
    """An autoencoder with these turns, without a prior."""
    from vaekit.recipes.compose import compose_points
    from vaekit.recipes.recipe import Recipe

    return Recipe(compose_points(spec, networks, code=code), turns, prior="none", notes=(NOTE,))
