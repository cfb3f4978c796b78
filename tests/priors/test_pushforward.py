"""What the flow, flow matching and the second stage share, and what each must be."""

from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian
from torch.distributions import Independent, Normal

from vaekit.distributions import tempered
from vaekit.errors import CapabilityError, UserError
from vaekit.noise import Noise, cut, draw
from vaekit.priors import FlowMatchingPrior, FlowPrior, PushforwardPrior, TwoStagePrior
from vaekit.priors.flow_matching import NARROW, runge_kutta
from vaekit.priors.pushforward import Pushforward, normal_log_density

MAKERS = {
    "maf": lambda: FlowPrior(3, "maf", 2, 8),
    "spline": lambda: FlowPrior(3, "spline", 2, 8),
    "iaf": lambda: FlowPrior(3, "iaf", 2, 8),
    "flow matching": lambda: FlowMatchingPrior(3, width=8, steps=20),
    "two stages": lambda: TwoStagePrior(3, width=8),
}
DENSE = [name for name in MAKERS if name != "two stages"]
NOISE = Noise(0, (1,), cut(8, 4))


def made(name: str) -> PushforwardPrior:
    prior = MAKERS[name]().double()
    prior.start(torch.randn(50, 3, dtype=torch.float64) * torch.tensor([0.5, 2.0, 1.0]) + 1)
    return prior


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_log_prob_is_the_change_of_variables_of_a_draw(name, temperature) -> None:
    """log p(g(Tu)) = log N(Tu; 0, T²) − log |det g'(Tu)|, by autograd."""
    prior = made(name)
    u = temperature * torch.randn(4, 3, dtype=torch.float64)
    slopes = torch.stack([jacobian(prior.push, one) for one in u])
    base = Independent(Normal(torch.zeros(3, dtype=torch.float64), temperature), 1)
    expected = base.log_prob(u) - torch.linalg.slogdet(slopes).logabsdet
    p = tempered(prior(), temperature)
    torch.testing.assert_close(p.log_prob(prior.push(u)), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_a_part_of_a_batch_has_the_draws_of_the_whole(name) -> None:
    p = made(name)()
    whole = draw(p, (2, 8), NOISE, "z")
    assert whole.shape == (2, 8, 3)
    assert whole.dtype == torch.float64
    torch.testing.assert_close(whole[:, 3:7], draw(p, (2, 4), NOISE.part(3, 7), "z"))


@pytest.mark.parametrize("name", MAKERS)
def test_moments_are_those_of_draws(name) -> None:
    """1,000 fixed draws and 1,000 others: 4.5 standard errors of the difference of two means."""
    p = made(name)()
    z = p.sample((1000,))
    assert ((z.mean(0) - p.mean).abs() < 4.5 * sqrt(2 / 1000) * p.stddev).all()
    assert torch.equal(p.mean, p.prior().mean)
    assert ((z.var(0) / p.variance - 1).abs() < 0.5).all()


@pytest.mark.parametrize("name", MAKERS)
def test_a_lower_temperature_narrows_what_is_drawn(name) -> None:
    p = made(name)()
    wide, narrow = (draw(tempered(p, t), (500,), Noise(0, (), cut(500, 1)), "z").var(0) for t in (1.0, 0.3))
    assert (narrow < wide).all()
    twice = tempered(tempered(p, 0.5), 0.5)
    assert isinstance(twice, Pushforward)
    assert twice.temperature == 0.25


@pytest.mark.parametrize("name", DENSE)
def test_shapes_are_kept_and_slopes_reach_parameters_and_codes(name) -> None:
    prior = made(name)
    z = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    log_p = prior().log_prob(z)
    assert log_p.shape == (2, 5)
    log_p.sum().backward()
    assert z.grad is not None
    assert z.grad.norm() > 0
    assert all(p.grad is not None for p in prior.parameters())


def test_many_codes_at_a_time_have_the_densities_of_few(monkeypatch) -> None:
    prior, z = made("flow matching"), torch.randn(7, 3, dtype=torch.float64)
    whole = prior().log_prob(z)
    monkeypatch.setattr("vaekit.priors.flow_matching._AT_ONCE", 50)
    torch.testing.assert_close(prior().log_prob(z), whole)


def test_flow_matching_regresses_on_the_velocity_of_straight_paths() -> None:
    """With v = 0 the loss is E‖y₁ − (1 − σ) y₀‖² = ‖y₁‖² + (1 − σ)² d; 4.5 standard errors over 4,000 draws."""
    prior = FlowMatchingPrior(3, width=8).double()
    with torch.no_grad():
        prior.net.output.weight.zero_()
    z = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64).expand(4000, 3)
    values = prior.loss(z, Noise(0, (), cut(4000, 4)))
    expected = 5.25 + 3 * (1 - NARROW) ** 2
    assert abs(values.mean().item() - expected) < 4.5 * values.std().item() / sqrt(4000)


def test_flow_matching_learns_a_gaussian_that_is_not_standard() -> None:
    """E log p of the truth less the fit's, 0.05 nats allowed; N(0, I) is 2 nats off."""
    truth = Independent(Normal(torch.tensor([2.0, -1.0]), torch.tensor([0.5, 1.5])), 1)
    prior = FlowMatchingPrior(2, width=32)
    prior.start(truth.sample((500,)))
    optimiser = torch.optim.Adam(prior.parameters(), lr=5e-3)
    for step in range(400):
        loss = prior.loss(truth.sample((256,)), Noise(0, (step,), cut(256, 1))).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    z = truth.sample((500,))
    with torch.no_grad():
        assert (truth.log_prob(z) - prior().log_prob(z)).mean().abs() < 0.05


@pytest.mark.parametrize("steps", [5, 10])
def test_the_solver_is_of_the_fourth_order(steps) -> None:
    """Twice the steps, a sixteenth of the error, of y(t) = 1/(2 − t)."""

    def error(steps: int) -> float:
        half = torch.tensor(0.5, dtype=torch.float64)
        return abs(runge_kutta(lambda y, t: y * y, half, 0.0, 1.0, steps).item() - 1.0)

    assert 10 < error(steps) / error(2 * steps) < 22


def test_a_second_stage_has_no_density_but_a_bound_that_holds() -> None:
    """A linear second stage, whose density is known: the bound is below it, and many draws come near."""
    prior = TwoStagePrior(2, width=4).double()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.zero_()
        prior.centre.bias.copy_(torch.tensor([1.0, -1.0]))
        prior.posterior.bias[:2] = 0.3  # q(u) is not N(0, I), so that weights differ
    std = prior._std.item()
    exact = Independent(Normal(prior.centre.bias.detach(), std), 1)
    z = exact.sample((50,))
    noise = Noise(0, (), cut(50, 2))
    one, many = prior.bound(z, noise, 1), prior.bound(z, noise, 400)
    torch.testing.assert_close(one, -prior.loss(z, noise))
    gaps = (exact.log_prob(z) - one).detach()
    # KL(q ‖ p(u | z)) of each z is that of N(.3, 1) and N(0, 1) twice: 0.09 nats.
    assert abs(gaps.mean().item() - 0.09) < 4.5 * gaps.std().item() / sqrt(50)
    assert (exact.log_prob(z) - many).abs().max() < 0.1
    with pytest.raises(CapabilityError, match="a second VAE, whose density"):
        prior().log_prob(z)


def test_the_bound_counts_the_scale_of_the_codes() -> None:
    """Codes ten times as large have a log-density lower by d ln 10."""
    torch.manual_seed(1)
    prior, z = TwoStagePrior(3, width=8).double(), torch.randn(20, 3, dtype=torch.float64)
    noise = Noise(0, (), cut(20, 2))
    before = prior.bound(z, noise, 5)
    prior.scaling.std.mul_(10.0)
    after = prior.bound(10 * z, noise, 5)
    torch.testing.assert_close(after, before - 3 * torch.tensor(10.0, dtype=torch.float64).log())


def test_normal_log_density_is_torchs() -> None:
    u = torch.randn(4, 3)
    for std in (1.0, 0.7):
        expected = Normal(0.0, std).log_prob(u).sum(-1)
        torch.testing.assert_close(normal_log_density(u, std), expected)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: FlowMatchingPrior(2, width=0), "at least one latent, hidden unit and step"),
        (lambda: TwoStagePrior(2, width=0), "at least one latent and hidden unit"),
        (lambda: FlowPrior(2, transforms=0), "at least one value, transform"),
    ],
)
def test_impossible_sizes_are_refused(make, sentence) -> None:
    with pytest.raises(UserError, match=sentence):
        make()


def test_a_scale_that_is_zero_is_no_division_by_zero() -> None:
    prior = MAKERS["maf"]()
    prior.start(torch.zeros(10, 3))
    found: Tensor = prior().log_prob(torch.zeros(2, 3))
    assert found.isfinite().all()
