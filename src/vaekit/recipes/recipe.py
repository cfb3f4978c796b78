"""What a recipe returns: a model, an objective, an optimiser, and what to do when training ends."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Literal, final

from torch import Tensor

from vaekit.core import VAE
from vaekit.errors import UserError, nearest
from vaekit.likelihoods import ObservedOnly
from vaekit.objectives import Turn
from vaekit.recipes.options import CodePriorName, DecayName, PriorName, Shared
from vaekit.recipes.table import find, parameters_of
from vaekit.spec import DataSpec

FOR_START = 2000
"""Training examples that a recipe may see before training, to start a codebook from for instance."""


@final
@dataclass(frozen=True)
class Optimiser:
    """Adam, the course of its learning rate, and the averaging of the weights.

    Args:
        lr: the learning rate at the start.
        weight_decay: decoupled (AdamW) where positive.
        epsilon: Adam's ε.
        decay: "none", "cosine" or "linear" to zero over training, or "exponential" by `gamma` each epoch.
        gamma: factor of the exponential decay.
        warmup: fraction of training over which the rate rises linearly from 0, beside any decay.
        ema: decay of the moving average of the weights, in [0, 1); 0 for none.
    """

    lr: float = 1e-3
    weight_decay: float = 0.0
    epsilon: float = 1e-8
    decay: DecayName = "cosine"
    gamma: float = 0.95
    warmup: float = 0.0
    ema: float = 0.0


@final
@dataclass(frozen=True)
class Recipe:
    """A published variant, ready to train.

    Args:
        model: p(x, z) and q(z | x).
        turns: the objective, or the turns of a game.
        optimiser: for all players.
        prior: what `fit_prior` puts at the top site when training ends; none leaves an autoencoder without.
        prior_epochs: passes over the training set that a prior takes which is trained; None: as `fit_prior` does.
        initialise: starts parts of the model from at most `FOR_START` training examples (N, *E), before training.
        closed_form: sets the model's parameters from the training data (N, *E); replaces training.
        notes: sentences that the user should read before training.
        reads_condition: whether the turns themselves read the condition of an example, which the model is not told.
    """

    model: VAE
    turns: tuple[Turn, ...]
    optimiser: Optimiser = field(default_factory=Optimiser)
    prior: PriorName | CodePriorName | Literal["none"] = "standard"
    prior_epochs: int | None = None
    initialise: Callable[[VAE, Tensor], None] | None = None
    closed_form: Callable[[VAE, Tensor], None] | None = None
    notes: tuple[str, ...] = ()
    reads_condition: bool = False


def build_recipe(name: str, spec: DataSpec, **options: object) -> Recipe:
    """Build a recipe by name; options are those of `vaekit train --recipe NAME --help`.

    Raises:
        UserError: for an unknown recipe or option, with the nearest name.

    Example:
        >>> build_recipe("vae", DataSpec((1, 8, 8), levels=17), latents=2).prior
        'gmm'
        >>> build_recipe("vae", DataSpec((1, 8, 8), levels=17), latent=2)
        Traceback (most recent call last):
        vaekit.errors.UserError: recipe vae has no option latent; did you mean latents?
    """
    function = find(name).load()
    known = parameters_of(name)
    if unknown := [option for option in options if option not in known]:
        raise UserError(f"recipe {name} has no option {unknown[0]}; {nearest(unknown[0], known)}")
    if spec.columns is not None and "likelihood" not in known:
        raise UserError(
            f"recipe {name} takes numbers of one kind: leave --columns out, or choose another, as in --recipe vae"
        )
    merged = {**known, **options}
    arguments: dict[str, object] = {}
    for parameter in inspect.signature(function).parameters.values():
        if isinstance(parameter.default, Shared):
            shared = {f.name: merged[f.name] for f in fields(parameter.default)}
            arguments[parameter.name] = type(parameter.default)(**shared)
        elif parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            arguments[parameter.name] = merged[parameter.name]
    recipe: Recipe = function(spec, **arguments)
    if spec.missing and not isinstance(recipe.model.likelihood, ObservedOnly):
        raise UserError(
            f"recipe {name} takes complete examples, and values are missing (NaN) in these: use --recipe "
            "missing_data_vae, or fill them first"
        )
    if spec.condition is None:
        return recipe
    if recipe.model.conditioning is None and not recipe.reads_condition:
        raise UserError(f"recipe {name} takes no condition: leave out --condition")
    # A prior that knows the condition is not to be replaced by one that does not.
    learned = spec.condition.prior == "learned"
    return replace(recipe, prior="standard") if learned else recipe
