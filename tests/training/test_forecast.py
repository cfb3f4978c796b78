from copy import deepcopy

import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.device import engine
from vaekit.training.forecast import Forecast, measure, plan_for
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan


@pytest.mark.parametrize("options", [{}, {"net": "conv", "size": "tiny"}])
@pytest.mark.parametrize("binarise", [False, True])
def test_a_measurement_leaves_no_trace(options: dict[str, object], binarise: bool) -> None:
    """Neither weights, buffers, mode nor torch's global generator change; only clocks differ."""
    spec = DataSpec((1, 8, 8), 2 if binarise else 17, 0.1)
    recipe = build_recipe("vae", spec, latents=2, **options)
    before = deepcopy(recipe.model.state_dict())
    modes = [module.training for module in recipe.model.modules()]
    examples = Examples(torch.randint(17, (70, 1, 8, 8)), 16.0, binarise)
    state = torch.get_rng_state()
    forecast = measure(recipe, examples, examples, TrainingOptions(batch_size=16), engine("cpu"))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in recipe.model.state_dict().items())
    assert [module.training for module in recipe.model.modules()] == modes
    assert all(parameter.grad is None for parameter in recipe.model.parameters())
    assert forecast.step > 0
    assert forecast.validation > 0


@pytest.mark.parametrize("minutes", [0.001, 0.2, 1.0, 3.0, 17.15, 60.0, 600.0])
@pytest.mark.parametrize("validation", [0.0, 0.01, 0.1, 1.0, 10.0])
def test_the_epochs_that_fit_do_fit_and_waste_little(minutes: float, validation: float) -> None:
    """At most the time given, unless one epoch is too long; at least half of what would fit."""
    forecast = Forecast(step=0.01, validation=validation)
    epochs = forecast.epochs_in(minutes, steps_per_epoch=10)
    assert epochs >= 1
    assert epochs == 1 or forecast.seconds(Plan(epochs, 10)) <= 60 * minutes
    assert forecast.seconds(Plan(2 * epochs + 1, 10)) > 60 * minutes


def test_the_seconds_of_a_plan() -> None:
    assert Forecast(0.5, 3.0).seconds(Plan(4, 10)) == 4 * 10 * 0.5 + 4 * 3.0
    assert Forecast(0.5, 3.0).seconds(Plan(1000, 10)) == 1000 * 10 * 0.5 + 100 * 3.0


def test_a_plan_is_what_was_asked_for() -> None:
    forecast = Forecast(0.01, 0.0)
    assert plan_for(TrainingOptions(epochs=3), forecast, 7) == Plan(3, 7)
    assert plan_for(TrainingOptions(minutes=1.0), forecast, 100) == Plan(60, 100)


@pytest.mark.parametrize(("steps", "epochs"), [(1, 6000), (11, 546), (600, 10), (601, 10), (5000, 10)])
def test_the_default_is_six_thousand_steps_and_ten_epochs_at_least(steps: int, epochs: int) -> None:
    assert plan_for(TrainingOptions(), Forecast(1.0, 1.0), steps) == Plan(epochs, steps)
