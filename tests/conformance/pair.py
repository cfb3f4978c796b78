"""Run by `test_recipes.py` in two processes: every recipe once by both together and once by rank 0 alone."""

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

import vaekit
from tests.conformance.sizes import small
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.recipes.recipe import build_recipe
from vaekit.recipes.table import RECIPES, find
from vaekit.spec import Condition, DataSpec
from vaekit.training.device import engine
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan
from vaekit.training.ranks import from_environment

GREY = DataSpec((1, 8, 8), 17, 0.1)
CONDITION = Condition("labels", ("a", "b", "c"))
STEPS = 12
"""So many that every turn of every recipe is played."""


def examples(count: int, seed: int) -> Examples:
    values = torch.randint(17, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed))
    told = torch.eye(CONDITION.size)[torch.arange(count) % CONDITION.size]
    return Examples(values.to(torch.uint8), 16.0, False, dtype=torch.float64, contexts=told)


def spec_for(name: str) -> DataSpec:
    return replace(GREY, condition=CONDITION if find(name).needs_condition else None)


def trained(name: str, alone: bool) -> dict[str, Tensor]:
    """Weights, codebooks and validation figures after a short training in double precision."""
    torch.manual_seed(0)
    recipe = build_recipe(name, spec_for(name), **small(name))
    recipe.model.double()
    train, validation = examples(96, 0), examples(60, 1)
    if recipe.initialise is not None:
        recipe.initialise(recipe.model, train.first(96))
    options = TrainingOptions(batch_size=16)
    trainer = Trainer(recipe, train, validation, options, engine("cpu") if alone else TOGETHER)
    plan = Plan(STEPS // trainer.steps_per_epoch, trainer.steps_per_epoch)
    recipe.model.train()
    for step in range(plan.steps):
        epoch, place = divmod(step, plan.steps_per_epoch)
        trainer.take_step(step, plan, trainer.order.slots(epoch, place, trainer.slots))
    found = {f"model/{name}": value.clone().double() for name, value in recipe.model.state_dict().items()}
    with trainer.as_scored(plan.steps):
        figures = trainer.validation_figures()
    return found | {
        f"figure/{name}": torch.tensor(value, dtype=torch.float64) for name, value in figures.items()
    }


def compared(name: str) -> dict[str, object]:
    together = trained(name, False)
    flat = torch.cat([value.flatten() for value in together.values()])
    both = [torch.zeros_like(flat) for _ in range(2)]
    distributed.all_gather(both, flat)
    result: dict[str, object] = {"same": torch.equal(*both)}
    if RANKS.rank == 0:
        alone = trained(name, True)
        assert alone.keys() == together.keys()
        for part in ("model", "figure"):
            distances = [
                (((alone[key] - together[key]).norm() / alone[key].norm().clamp(min=1e-30)).item(), key)
                for key in alone
                if key.startswith(part)
            ]
            result[part], result[f"worst {part}"] = max(distances)
    return result


def outcome(name: str, folder: Path) -> dict[str, object]:
    """What came of a recipe, or why it is refused."""
    options: dict[str, Any] = small(name)
    try:
        if build_recipe(name, spec_for(name), **options).closed_form is None:
            return compared(name)
        vaekit.train("digits", name, out=folder / name, quiet=True, device="cpu", **options)
    except UserError as error:
        return {"refused": str(error)}
    return {}


if __name__ == "__main__":
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    RANKS = from_environment()
    TOGETHER = engine("cpu", RANKS)
    out = Path(sys.argv[1])
    results = {name: outcome(name, out.parent) for name in RECIPES}
    if RANKS.rank == 0:
        out.write_text(json.dumps(results, indent=1))
