"""Volumes by autograd, inverses, densities of draws and of other values, and moments where they are known."""

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from vaekit.distributions import Flow, FlowStep, Planar, Radial
from vaekit.distributions.flow import fixed_points
from vaekit.nets.made import MADE
from vaekit.noise import Noise, cut, draw
from vaekit.posteriors.iaf import GatedStep

D = 4
KINDS = ("planar", "radial", "gated", "gated, turned")


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def step_of(kind: str, batch: tuple[int, ...] = (), d: int = D, scale: float = 2.0) -> FlowStep:
    if kind == "planar":
        return Planar(numbers(*batch, d, scale=scale), numbers(*batch, d, seed=1), numbers(*batch, seed=2))
    if kind == "radial":
        reach = numbers(*batch, seed=4).exp()
        return Radial(numbers(*batch, d, seed=3), reach, numbers(*batch, seed=5, scale=scale))
    torch.manual_seed(6)
    return GatedStep(MADE(d, 3, 8, 2).double(), numbers(*batch, 3, seed=7), kind.endswith("turned"))


def flow(batch: int = 5, full: bool = False) -> Flow:
    mean = numbers(batch, D, seed=8)
    steps = [step_of(kind, (batch,)) for kind in KINDS]
    if full:
        factor = numbers(batch, D, D, seed=9).tril(-1) + 0.5 * torch.eye(D, dtype=torch.float64)
        return Flow(MultivariateNormal(mean, scale_tril=factor, validate_args=False), steps)
    std = numbers(batch, D, seed=10, scale=0.3).exp()
    base = Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)
    return Flow(base, steps)


@pytest.mark.parametrize("scale", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("kind", KINDS)
def test_volumes_are_those_of_autograd(kind: str, scale: float) -> None:
    step = step_of(kind, scale=scale)
    for z in numbers(20, D, seed=11, scale=2.0):
        jacobian = torch.autograd.functional.jacobian(lambda v: step.forward(v)[0], z)
        assert isinstance(jacobian, Tensor)
        sign, log_volume = torch.linalg.slogdet(jacobian)
        assert sign == 1
        torch.testing.assert_close(step.forward(z)[1], log_volume, rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_inverses_go_back_with_their_volumes_and_slopes(kind: str) -> None:
    step, z = step_of(kind, (6,)), numbers(3, 6, D, seed=12, scale=2.0)
    y, log_det = step.forward(z)
    back, again = step.inverse(y)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-7)
    torch.testing.assert_close(again, log_det, rtol=0, atol=1e-7)
    one = step_of(kind)
    (v,) = numbers(1, D, seed=13)
    forwards, backwards = (
        torch.autograd.functional.jacobian(lambda w, f=f: f(w)[0], at)
        for f, at in ((one.forward, v), (one.inverse, one.forward(v)[0].detach()))
    )
    assert isinstance(forwards, Tensor)
    torch.testing.assert_close(forwards @ backwards, torch.eye(D, dtype=torch.float64), rtol=0, atol=1e-7)


@pytest.mark.parametrize("full", [False, True])
def test_a_draw_has_its_density_at_once_and_any_other_value_by_the_inverse(full: bool) -> None:
    q = flow(full=full)
    z = q.rsample((7,))
    assert z.shape == (7, 5, D)
    torch.testing.assert_close(q.log_prob(z), flow(full=full).log_prob(z.clone()), rtol=0, atol=1e-6)
    every = flow(full=full).log_prob(z[:, :1].detach())
    assert every.shape == (7, 5)
    torch.testing.assert_close(every[:, 0], q.log_prob(z)[:, 0], rtol=0, atol=1e-6)


def test_a_density_integrates_to_one() -> None:
    """In two dimensions, by a grid of cells of .05."""
    base = Independent(Normal(torch.zeros(2, dtype=torch.float64), 1.0, validate_args=False), 1)
    q = Flow(base, [step_of(kind, d=2) for kind in ("planar", "radial")])
    axis = torch.arange(-12, 12, 0.05, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    assert q.log_prob(grid).exp().sum().item() * 0.05**2 == pytest.approx(1, abs=1e-3)


def test_a_density_of_a_fixed_value_has_the_slope_of_its_parameters() -> None:
    """By finite differences of u, whose change moves the root that bisection finds."""
    y = numbers(3, D, seed=14)
    base = Independent(Normal(torch.zeros(D, dtype=torch.float64), 1.0, validate_args=False), 1)

    def log_q(u: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return Flow(base, [Planar(u, w, b)]).log_prob(y)

    start = tuple(t.requires_grad_() for t in (numbers(D), numbers(D, seed=1), numbers(seed=2)))
    assert torch.autograd.gradcheck(log_q, start, atol=1e-6)


def test_a_value_kept_without_gradients_is_computed_again_where_they_are_wanted() -> None:
    mean = numbers(5, D).requires_grad_()
    q = Flow(Independent(Normal(mean, 1.0, validate_args=False), 1), [step_of("radial", (5,))])
    with torch.no_grad():
        z = q.rsample()
        assert not q.log_prob(z).requires_grad
    assert q.log_prob(z).requires_grad
    torch.testing.assert_close(q.log_prob(z), q.log_prob(z.clone()))


def test_moments_are_exact_where_steps_are_affine() -> None:
    """û along w times a tanh is not; a radial step with β = 0 is the identity."""
    mean, std = numbers(5, D), numbers(5, D, seed=1).exp()
    same = torch.ones(5, dtype=torch.float64)
    step = Radial(numbers(5, D, seed=2), same.exp().add(1).log(), same)
    q = Flow(Independent(Normal(mean, std, validate_args=False), 1), [step])
    torch.testing.assert_close(q.mean, mean)
    torch.testing.assert_close(q.stddev, std)


def test_moments_are_near_those_of_draws() -> None:
    """Fixed points are 64 and the flow is strong: the limits are what such a rule gives, not sampling errors."""
    torch.manual_seed(0)
    q = flow()
    z = q.rsample((20_000,))
    assert (q.mean - z.mean(0)).abs().max() < 0.15 * z.std(0).max()
    assert ((q.stddev - z.std(0)) / z.std(0)).abs().max() < 0.15


@pytest.mark.parametrize("dimensions", [1, 2, 31, 40])
def test_fixed_points_have_the_moments_of_a_normal(dimensions: int) -> None:
    points = fixed_points(dimensions)
    torch.testing.assert_close(points.mean(0), torch.zeros(dimensions, dtype=torch.float64))
    covariance = points.T @ points / len(points)
    torch.testing.assert_close(covariance, torch.eye(dimensions, dtype=torch.float64), rtol=0, atol=1e-12)


def test_an_example_draws_the_same_in_any_batch() -> None:
    whole = Noise(0, (1,), cut(5, 2))
    z = draw(flow(), (3, 5), whole, "z")
    mean, std = flow().base.mean[2:], flow().base.stddev[2:]
    base = Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)
    alone = Flow(base, [])
    torch.testing.assert_close(
        draw(alone, (3, 3), whole.part(2, 5), "z"), draw(Flow(flow().base, []), (3, 5), whole, "z")[:, 2:]
    )
    assert z.shape == (3, 5, D)


def test_planar_steps_stay_invertible_however_strong() -> None:
    """wᵀû > −1 for every u: the map along w grows everywhere."""
    w = numbers(D, seed=1)
    step = Planar(-30 * w / w.norm(), w, torch.zeros((), dtype=torch.float64))
    assert (step.w * step.u).sum() > -1
    line = torch.linspace(-5, 5, 2001, dtype=torch.float64).unsqueeze(-1) * w / w.norm()
    moved = step.forward(line)[0] @ w
    assert bool((moved.diff() > 0).all())
