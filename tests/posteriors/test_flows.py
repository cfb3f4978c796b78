"""Flow posteriors: shapes, starts, states above, and sizes that are refused."""

import pytest
import torch
from torch import Tensor

from vaekit.core import Posterior
from vaekit.distributions import Flow
from vaekit.errors import CapabilityError, UserError
from vaekit.noise import Noise, cut
from vaekit.posteriors import IAFPosterior, PlanarPosterior, RadialPosterior
from vaekit.priors import StandardNormal
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

FAMILIES = (PlanarPosterior, RadialPosterior, IAFPosterior)


def posterior(family: type[Posterior], state: int = 0) -> Posterior:
    torch.manual_seed(0)
    return family(5, state, 3, 2).double()


def flow_of(q: Posterior, features: Tensor, state: Tensor | None = None) -> Flow:
    found = q(features, StandardNormal(3)(), state)
    assert isinstance(found, Flow)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_differ_by_example_and_see_the_state_above(family: type[Posterior]) -> None:
    q, features = posterior(family, state=2), torch.randn(4, 5, dtype=torch.float64)
    state = torch.randn(7, 4, 2, dtype=torch.float64)
    found = flow_of(q, features, state)
    assert found.batch_shape == (7, 4)
    assert found.rsample().shape == found.mean.shape == (7, 4, 3)
    means = flow_of(q, features, torch.zeros_like(state)).mean
    torch.testing.assert_close(means, means[:1].expand_as(means))
    assert (found.mean != means).all()


@pytest.mark.parametrize("family", [PlanarPosterior, RadialPosterior])
def test_steps_begin_as_the_identity_where_the_features_are_0(family: type[Posterior]) -> None:
    q = flow_of(posterior(family), torch.zeros(4, 5, dtype=torch.float64))
    z = torch.randn(4, 3, dtype=torch.float64)
    for step in q.steps:
        # The biases are drawn in single precision.
        torch.testing.assert_close(step.forward(z)[0], z, rtol=0, atol=1e-5)


def test_the_order_of_values_turns_from_step_to_step() -> None:
    """The first step leaves the first value to its context, the second the last."""
    q, z = (
        flow_of(posterior(IAFPosterior), torch.zeros(1, 5, dtype=torch.float64)),
        torch.zeros(1, 3).double(),
    )
    slopes = [
        torch.autograd.functional.jacobian(lambda v, s=s: s.forward(v)[0], z).squeeze() for s in q.steps
    ]
    assert (slopes[0].triu(1) == 0).all()
    assert (slopes[1].tril(-1) == 0).all()
    assert (slopes[0].tril(-1) != 0).any()


@pytest.mark.parametrize(
    ("recipe", "options", "sentence"),
    [
        ("nf_vae", {"depth": 0}, "at least one step, got --depth 0"),
        ("nf_vae", {"flow": "plannar"}, "no flow of a posterior is called plannar; did you mean planar"),
        ("nf_vae", {"warmup": 2.0}, "between 0 and 1, got 2.0"),
        ("iaf_vae", {"transforms": 0}, "--transforms 0"),
        ("iaf_vae", {"flow_width": 0}, "--flow_width 0"),
        ("semi_amortised", {"steps": 0}, "--steps 0"),
        ("semi_amortised", {"step_size": 0.0}, r"--step_size 0\.0"),
        ("semi_amortised", {"gradient": "third"}, "second_order or first_order, got third"),
    ],
)
def test_impossible_options_are_refused(recipe: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_recipe(recipe, DataSpec((6,), None, 1.0), **options)


def test_a_penalty_on_the_covariance_of_codes_is_refused_that_of_a_flow() -> None:
    recipe = build_recipe("dip_vae_ii", DataSpec((6,), None, 1.0), latents=3, posterior="planar", size="tiny")
    (turn,) = recipe.turns
    with pytest.raises(CapabilityError, match="covariance of codes needs that of each posterior"):
        turn.losses(recipe.model, torch.randn(4, 6), Noise(0, (), cut(4, 1)), torch.tensor(0.5))
