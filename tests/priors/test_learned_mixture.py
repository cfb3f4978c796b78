import pytest
import torch
from torch.distributions import MixtureSameFamily

from vaekit.errors import UserError
from vaekit.objectives import KL, NLL
from vaekit.priors import LearnedMixture
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec


def test_it_learns_two_clusters() -> None:
    """The entropy of ½ N(−2, .5²) + ½ N(2, .5²) is ln 2 + ln(.5 √(2πe)), 1.4189 nats; within 4.5 standard errors."""
    generator = torch.Generator().manual_seed(0)
    side = (torch.rand(2000, 1, generator=generator) < 0.5).float() * 4 - 2
    z = side + 0.5 * torch.randn(2000, 1, generator=generator)
    prior = LearnedMixture(1, 4)
    optimiser = torch.optim.Adam(prior.parameters(), lr=0.05)
    for _ in range(300):
        loss = -prior().log_prob(z).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    values = -prior().log_prob(z)
    assert abs(values.mean().item() - 1.4189) < 4.5 * values.std().item() / 2000**0.5


def test_it_starts_near_a_standard_normal_and_is_a_mixture() -> None:
    p = LearnedMixture(2, 50)()
    assert isinstance(p, MixtureSameFamily)
    assert (p.variance > 0.8).all()
    assert (p.variance < 4).all()


def test_joint_training_moves_it() -> None:
    recipe = build_recipe("gmm_prior", DataSpec((6,), None), latents=2, components=3, hidden=(8,))
    trace = recipe.model.trace(torch.randn(9, 6))
    (NLL() + KL()).value(trace, torch.tensor(0.5))[0].sum().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in recipe.model.latents.parameters())


def test_no_component_is_refused() -> None:
    with pytest.raises(UserError, match="at least one component, got 0"):
        LearnedMixture(2, 0)
