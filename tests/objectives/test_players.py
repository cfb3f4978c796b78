import torch
from torch import Tensor

from vaekit.noise import Noise, cut
from vaekit.objectives import IWAE, KL, NLL, Linear, PerPlayer
from vaekit.objectives.algebra import as_objective
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.gradients import differentiate

NOISE, HALF = Noise(0, (1,), cut(6, 2)), torch.tensor(0.5)


def gradients(turn: PerPlayer, seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    vae = build_recipe("vae", DataSpec((1, 4, 4), 2), latents=2, hidden=(5,)).model
    x = (torch.rand(6, 1, 4, 4) < 0.5).float()
    losses = turn.losses(vae, x, NOISE, HALF)
    differentiate(turn, losses.by_player, turn.owned(vae), Tensor.backward)
    return {name: p.grad for name, p in vae.named_parameters() if p.grad is not None}


def test_each_player_follows_its_own_objective_alone() -> None:
    """The same gradients as of both objectives played by all, each kept where its player owns the parameters."""
    inference, generation = as_objective(IWAE(1, groups=4)), as_objective(IWAE(4))
    both = gradients(PerPlayer(inference, generation))
    of_inference = gradients(PerPlayer(inference, inference))
    of_generation = gradients(PerPlayer(generation, generation))
    for name, gradient in both.items():
        is_inference = name.startswith(("encoder", "posteriors"))
        own, other = (of_inference, of_generation) if is_inference else (of_generation, of_inference)
        torch.testing.assert_close(gradient, own[name])
        assert not torch.allclose(gradient, other[name]), name


def test_the_players_own_all_parameters_and_none_twice() -> None:
    vae = build_recipe("vae", DataSpec((1, 4, 4), None), latents=2, hidden=(5,), sigma="learned").model
    owned = PerPlayer(as_objective(IWAE(2)), as_objective(IWAE(2))).owned(vae)
    ids = [id(p) for own in owned.values() for p in own]
    assert sorted(ids) == sorted(id(p) for p in vae.parameters())


def test_a_turn_asks_for_the_larger_number_of_draws_and_ends_with_the_later_schedule() -> None:
    turn = PerPlayer(NLL() + Linear(1.0, 0.4) * KL(), as_objective(IWAE(7)))
    assert turn.sample_shape == (7,)
    assert turn.settled == 0.4
    assert turn.per_example
    assert not PerPlayer(NLL() + KL(free_bits=0.1), as_objective(IWAE(7))).per_example
