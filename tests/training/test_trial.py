"""Trying ways on a copy: what is left untouched, what is chosen, what is refused."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import DataSpec
from vaekit.training import trial
from vaekit.training.device import engine
from vaekit.training.options import TrainingOptions
from vaekit.training.speed import Speed
from vaekit.training.trial import Choice, Tried, fastest, settle, try_out

CPU = engine("cpu")
OPTIONS = TrainingOptions(batch_size=8, epochs=2)


def recipe() -> Recipe:
    return build_recipe("vae", DataSpec((1, 16, 16), 17, 0.1), net="conv", size="tiny", latents=2)


def images(n: int) -> Examples:
    generator = torch.Generator().manual_seed(n)
    return Examples(torch.randint(17, (n, 1, 16, 16), generator=generator), 16.0, False)


def test_trying_touches_neither_weights_nor_random_state() -> None:
    tested = recipe()
    before, state = deepcopy(tested.model.state_dict()), torch.get_rng_state()
    layouts = [p.stride() for p in tested.model.parameters()]
    choice = try_out(tested, images(40), images(10), OPTIONS, CPU, seconds=100)
    assert [tried.speed for tried in choice.tried] == [
        Speed(),
        Speed(layout="channels_last"),
        Speed("bfloat16"),
        Speed("bfloat16", "channels_last"),
    ]
    assert not any(tried.failure for tried in choice.tried)
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in tested.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert [p.stride() for p in tested.model.parameters()] == layouts
    assert tested.model.in_training is None
    assert str(choice.best.speed) in choice.sentence()


def test_every_way_starts_from_the_same_loss() -> None:
    choice = try_out(recipe(), images(40), images(10), OPTIONS, CPU, seconds=100)
    for place in range(2):
        losses = [tried.losses[place] for tried in choice.tried]
        assert losses == pytest.approx([losses[0]] * 4, rel=0.01)


def test_a_slower_way_is_not_chosen() -> None:
    plain, fast = Tried(Speed(), 1.0, (-200.0, -210.0)), Tried(Speed("bfloat16"), 0.5, (-199.0, -209.0))
    assert fastest([plain, fast]) is fast
    assert fastest([plain, replace(fast, seconds=1.5)]) is plain
    assert fastest([plain, replace(fast, failure="failed: no such thing")]) is plain


@pytest.mark.parametrize("losses", [(1.2, 1.0), (1.0, 1.2), (1.0, math.nan), (math.inf, 1.0)])
def test_a_way_with_another_loss_is_left_out_and_named(
    losses: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second loss is one that a recorded graph replays: garbage shows there only."""

    def taken(*arguments: object) -> Tried:
        way = arguments[-1]
        assert isinstance(way, Speed)
        return Tried(way, 1.0, (1.0, 1.0)) if way == Speed() else Tried(way, 0.1, losses)

    monkeypatch.setattr(trial, "_taken", taken)
    choice = try_out(recipe(), images(40), images(10), OPTIONS, CPU, seconds=100)
    assert choice.best.speed == Speed()
    assert choice.sentence().count("it computes another loss") == 3


def test_a_way_that_fails_is_passed_over_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = trial._taken

    def some(*arguments: object) -> Tried:
        way = arguments[-1]
        assert isinstance(way, Speed)
        if way.precision == "bfloat16":
            raise RuntimeError("no kernel for that\nand a long story")
        return taken(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(trial, "_taken", some)
    choice = try_out(recipe(), images(40), images(10), OPTIONS, CPU, seconds=100)
    assert choice.best.speed.precision == "float32"
    assert "bfloat16 failed: no kernel for that" in choice.sentence()
    assert "story" not in choice.sentence()


def test_where_nothing_works_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*arguments: object) -> Tried:
        raise UserError("the loss of the model became nan")

    monkeypatch.setattr(trial, "_taken", none)
    with pytest.raises(UserError, match="became nan"):
        try_out(recipe(), images(40), images(10), OPTIONS, CPU, seconds=100)


def test_short_trainings_and_plain_ones_try_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    arguments = recipe(), images(40), images(10)
    short, _ = settle(*arguments, OPTIONS, CPU, said.append)
    monkeypatch.setattr(trial, "WORTH", 0.0)
    plain, _ = settle(*arguments, replace(OPTIONS, speed="plain"), CPU, said.append)
    assert not said
    for options in (short, plain):
        assert options.wish.applied(Speed("bfloat16", "channels_last", True, True)) == Speed()
    whole = replace(OPTIONS, precision="float32", layout="contiguous")
    assert settle(*arguments, whole, CPU, said.append)[0].wish.is_whole
    assert not said
    fixed, _ = settle(*arguments, replace(OPTIONS, speed="plain", precision="bfloat16"), CPU, said.append)
    assert (fixed.precision, fixed.layout) == ("bfloat16", "contiguous")


def test_long_ones_do_and_leave_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    best = Tried(Speed("bfloat16"), 0.25, (1.0, 1.0))
    monkeypatch.setattr(trial, "WORTH", 0.0)
    monkeypatch.setattr(trial, "try_out", lambda *arguments: Choice(best, [best]))
    said: list[str] = []
    options, forecast = settle(recipe(), images(40), images(10), OPTIONS, CPU, said.append)
    assert options.wish.is_whole
    assert options.precision == "bfloat16"
    assert forecast.step == 0.25
    assert said == [best_sentence(best)]


def best_sentence(best: Tried) -> str:
    return Choice(best, [best]).sentence()


def test_capturing_without_a_cuda_device_is_refused() -> None:
    with pytest.raises(UserError, match="CUDA device, and this one is cpu: leave it out"):
        settle(recipe(), images(40), images(10), replace(OPTIONS, captured=True), CPU, lambda line: None)
