import math
from typing import get_args

import pytest
import torch
from torch.nn import Parameter
from torch.optim import Adam, AdamW

from vaekit.errors import UserError
from vaekit.recipes import RECIPES, parameters_of
from vaekit.recipes.options import DecayName
from vaekit.recipes.recipe import Optimiser, build_recipe
from vaekit.spec import DataSpec
from vaekit.training.options import TrainingOptions
from vaekit.training.players import build_optimiser, chosen, learning_rate, parameters_of_players

GREY = DataSpec((1, 8, 8), 17, 0.1)


@pytest.mark.parametrize("recipe", RECIPES)
def test_encoder_and_decoder_divide_all_parameters(recipe: str) -> None:
    options: dict[str, object] = {"latents": 3, "size": "tiny", "sigma": "learned"}
    if recipe == "mse_vae":
        del options["sigma"]
    known = parameters_of(recipe)
    vae = build_recipe(recipe, GREY, **{k: v for k, v in options.items() if k in known}).model
    players = parameters_of_players(vae, ["encoder", "decoder", "model"])
    divided = [id(p) for p in (*players["encoder"], *players["decoder"])]
    everything = [id(p) for p in vae.parameters()]
    assert len(divided) == len(set(divided)) == len(everything)
    assert set(divided) == set(everything) == {id(p) for p in players["model"]}
    assert {id(p) for p in vae.encoder.parameters()} < {id(p) for p in players["encoder"]} or recipe in (
        "linear_vae",
        "ppca",
    )


def test_a_player_that_moves_twice_is_listed_once() -> None:
    vae = build_recipe("vae", GREY).model
    assert list(parameters_of_players(vae, ["decoder", "encoder", "decoder"])) == ["decoder", "encoder"]


def test_an_unknown_player_comes_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no player is called decode; did you mean decoder"):
        parameters_of_players(build_recipe("vae", GREY).model, ["decode"])


def test_weights_decay_decoupled() -> None:
    """Without a gradient, AdamW shrinks a weight by lr · decay and Adam leaves it."""
    parameter = Parameter(torch.ones(2))
    assert type(build_optimiser(Optimiser(), [parameter])) is Adam
    optimiser = build_optimiser(Optimiser(lr=0.1, weight_decay=0.5), [parameter])
    assert type(optimiser) is AdamW
    parameter.grad = torch.zeros(2)
    optimiser.step()
    torch.testing.assert_close(parameter.detach(), torch.full((2,), 0.95))


def test_the_first_step_of_adam_has_the_length_of_the_rate_and_minds_epsilon() -> None:
    """Δ = lr · g / (|g| + ε)."""
    parameter = Parameter(torch.zeros(2))
    optimiser = build_optimiser(Optimiser(lr=0.1, epsilon=0.5), [parameter])
    parameter.grad = torch.tensor([0.5, -1.5])
    optimiser.step()
    torch.testing.assert_close(parameter.detach(), torch.tensor([-0.05, 0.075]))


@pytest.mark.parametrize("progress", [0.0, 0.25, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_the_course_of_the_learning_rate(progress: float, epoch: int) -> None:
    rates = {
        decay: learning_rate(Optimiser(lr=2.0, decay=decay, gamma=0.9), progress, epoch) for decay in COURSES
    }
    assert rates["none"] == 2.0
    assert rates["exponential"] == pytest.approx(2 * 0.9**epoch)
    assert rates["cosine"] == pytest.approx(2 * math.cos(math.pi * progress / 2) ** 2)
    assert rates["linear"] == pytest.approx(2 * (1 - progress))


@pytest.mark.parametrize("decay", get_args(DecayName))
def test_a_warm_up_multiplies_any_decay(decay: DecayName) -> None:
    plain = Optimiser(lr=2.0, decay=decay)
    slow = Optimiser(lr=2.0, decay=decay, warmup=0.4)
    for progress, factor in ((0.0, 0.0), (0.1, 0.25), (0.4, 1.0), (0.7, 1.0), (1.0, 1.0)):
        assert learning_rate(slow, progress, 3) == pytest.approx(factor * learning_rate(plain, progress, 3))


def test_the_options_replace_what_they_name() -> None:
    recipe = Optimiser(0.5, 0.1, 1e-4, "exponential", 0.9, warmup=0.2, ema=0.99)
    assert chosen(recipe, TrainingOptions()) == recipe
    off = TrainingOptions(lr=1.0, decay="none", weight_decay=0.0, lr_warmup=0.0, ema=0.0)
    assert chosen(recipe, off) == Optimiser(1.0, 0.0, 1e-4, "none", 0.9, warmup=0.0, ema=0.0)


COURSES = get_args(DecayName)
