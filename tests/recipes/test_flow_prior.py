import pytest
import torch

from vaekit.errors import UserError
from vaekit.objectives import Objective
from vaekit.priors import FlowPrior
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), None)


def test_the_flow_is_the_one_asked_for() -> None:
    recipe = build_recipe("flow_prior", SPEC, latents=2, flow="spline", transforms=3, flow_width=8)
    prior = recipe.model.latents.top
    assert isinstance(prior, FlowPrior)
    assert dict(prior.options) == {"kind": "spline", "transforms": 3, "width": 8, "bins": 8}
    assert recipe.prior == "standard"


def test_joint_training_learns_codes_that_no_standard_normal_has() -> None:
    """−ELBO of a two-armed table falls below that of the same training with N(0, I) by a tenth of a nat."""
    generator = torch.Generator().manual_seed(0)
    side = torch.randint(2, (512, 1), generator=generator) * 6.0 - 3
    x = side * torch.ones(6) + 0.3 * torch.randn(512, 6, generator=generator)
    costs: list[float] = []
    for name in ("vae", "flow_prior"):
        torch.manual_seed(0)
        recipe = build_recipe(name, SPEC, latents=1, hidden=(16,), warmup=0.0, sigma=0.3)
        (turn,) = recipe.turns
        assert isinstance(turn, Objective)
        optimiser = torch.optim.Adam(recipe.model.parameters(), lr=1e-2)
        for _ in range(300):
            loss = turn.value(recipe.model.trace(x), torch.tensor(1.0))[0].mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        costs.append(turn.value(recipe.model.trace(x, (20,)), torch.tensor(1.0))[0].mean().item())
    assert costs[1] < costs[0] - 0.1


def test_impossible_options_are_refused() -> None:
    with pytest.raises(UserError, match="warmup is a fraction of training"):
        build_recipe("flow_prior", SPEC, warmup=2.0)
    with pytest.raises(UserError, match="at least one value, transform"):
        build_recipe("flow_prior", SPEC, transforms=0)
