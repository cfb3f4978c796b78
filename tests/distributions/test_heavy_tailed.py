import math

import pytest
import scipy.stats
import torch
from torch import Tensor
from torch.distributions import Independent

from vaekit.distributions import HyperbolicSecant, Laplace, LogNormal, StudentT, level_values, log_mass
from vaekit.distributions.uniforms import FromUniforms
from vaekit.noise import Noise, cut, draw

MEAN, SCALE = torch.tensor([0.3, -1.0], dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64)


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


DENSITIES: dict[str, FromUniforms] = {
    "Laplace": Laplace(MEAN, SCALE),
    "t, 1.5": StudentT(MEAN, SCALE, number(1.5)),
    "t, 4": StudentT(MEAN, SCALE, number(4.0)),
    "log-cosh, 10": HyperbolicSecant(MEAN, SCALE, 10.0),
    "log-cosh, 1": HyperbolicSecant(MEAN, SCALE, 1.0),
    "log-cosh, 0.1": HyperbolicSecant(MEAN, SCALE, 0.1),
    "log-normal": LogNormal(MEAN, SCALE),
}
REAL = [name for name in DENSITIES if name != "log-normal"]


def integrals(p: FromUniforms, power: int) -> Tensor:
    """∫ x^power p(x) dx by the trapezoidal rule at x = x₀ + sinh t, which takes heavy tails in."""
    t = torch.linspace(-30, 30, 600_001, dtype=torch.float64).unsqueeze(-1)
    if isinstance(p, LogNormal):
        x, slope = t.exp(), t.exp()
    else:
        x, slope = p.mean + t.sinh(), t.cosh()
    return (p.log_prob(x).exp() * x**power * slope).sum(0) * 1e-4


@pytest.mark.parametrize("name", DENSITIES)
def test_densities_integrate_to_one(name: str) -> None:
    torch.testing.assert_close(integrals(DENSITIES[name], 0), torch.ones(2).double(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in DENSITIES if name != "t, 1.5"])
def test_mean_and_variance_are_those_of_the_density(name: str) -> None:
    p = DENSITIES[name]
    mean = integrals(p, 1)
    torch.testing.assert_close(p.mean, mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(p.variance, integrals(p, 2) - mean.square(), rtol=1e-4, atol=1e-5)


def test_a_t_of_few_degrees_has_no_variance() -> None:
    assert DENSITIES["t, 1.5"].variance.tolist() == [math.inf, math.inf]


def test_densities_are_those_of_scipy() -> None:
    x = torch.linspace(-9, 9, 101, dtype=torch.float64).unsqueeze(-1)
    loc, scale = MEAN.numpy(), SCALE.item()
    expected = {
        "Laplace": scipy.stats.laplace.logpdf(x.numpy(), loc, scale),
        "t, 4": scipy.stats.t.logpdf(x.numpy(), 4.0, loc, scale),
        "log-cosh, 1": scipy.stats.hypsecant.logpdf(x.numpy(), loc, scale),
    }
    for name, theirs in expected.items():
        torch.testing.assert_close(
            DENSITIES[name].log_prob(x), torch.from_numpy(theirs), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 10.0])
def test_log_cosh_is_the_published_loss_up_to_a_constant(sharpness: float) -> None:
    """−log p(x) + log p(μ) = (1/a) log cosh(a(x − μ)) at b = 1."""
    p = HyperbolicSecant(torch.zeros(50).double(), number(1.0), sharpness)
    t = torch.linspace(-3, 3, 50).double()
    loss = (sharpness * t).cosh().log() / sharpness
    torch.testing.assert_close(p.log_prob(torch.zeros(50).double()) - p.log_prob(t), loss)


def test_limits_are_laplace_and_normal() -> None:
    x = torch.linspace(-3, 3, 61).double()
    sharp = HyperbolicSecant(torch.zeros(61).double(), number(0.5), 1e5).log_prob(x)
    torch.testing.assert_close(
        sharp, Laplace(torch.zeros(61).double(), number(0.5)).log_prob(x), atol=1e-4, rtol=0
    )
    many = StudentT(torch.zeros(61).double(), number(0.5), number(1e6)).log_prob(x)
    normal = torch.distributions.Normal(number(0.0), number(0.5)).log_prob(x)
    torch.testing.assert_close(many, normal, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", DENSITIES)
def test_draws_have_the_distribution(name: str) -> None:
    """Kolmogorov–Smirnov against the integral of the density; false alarm 10⁻⁴ for each, and the seed is fixed."""
    p = DENSITIES[name]
    single = p.expand((1, 2))
    drawn = draw(single, (4000, 1, 2), Noise(1, (), cut(2, 1)), "x")[:, 0, 0].sort().values
    t = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    x, slope = (t.exp(), t.exp()) if name == "log-normal" else (MEAN[0] + t.sinh(), t.cosh())
    density = p.log_prob(x.unsqueeze(-1).expand(-1, 2))[:, 0].exp() * slope * 1e-3
    below = density.cumsum(0)[torch.searchsorted(x, drawn).clamp(max=60_000)]
    theirs = scipy.stats.kstest(below.clamp(0, 1).numpy(), "uniform")
    assert theirs.pvalue > 1e-4


@pytest.mark.parametrize("name", DENSITIES)
def test_the_draws_of_an_example_do_not_depend_on_the_cut(name: str) -> None:
    p, part = (Independent(DENSITIES[name].expand((rows, 2)), 1) for rows in (6, 3))
    whole = Noise(0, (1,), cut(6, 4))
    drawn = draw(p, (5, 6), whole, "x")
    assert torch.equal(drawn[:, 2:5], draw(part, (5, 3), whole.part(2, 5), "x"))
    assert p.sample((7,)).shape == (7, 6, 2)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e4, 1e30])
def test_extreme_errors_cost_finite_nats_and_have_finite_slopes(name: str, size: float) -> None:
    p = DENSITIES[name]
    x = torch.full((2,), size).requires_grad_()
    value = p.log_prob(x.double())
    value.sum().backward()
    assert value.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("name", DENSITIES)
def test_outermost_uniform_numbers_give_finite_draws(name: str) -> None:
    p = DENSITIES[name]
    edge = 1 - 2**-24
    for first in (0.0, edge):
        for second in (0.0, 0.25, edge):
            u = torch.tensor([first, second])[: p.uniforms].float().expand(2, p.uniforms)
            assert p.at_uniforms(u.to(torch.float64)).isfinite().all()


@pytest.mark.parametrize("levels", [2, 17, 256])
@pytest.mark.parametrize("scale", [1e-3, 0.05, 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_laplace_masses_of_levels_are_differences_of_its_distribution_function(
    levels: int, scale: float, dtype: torch.dtype
) -> None:
    mean = torch.tensor([-0.4, 0.0, 0.31, 0.5, 1.0, 1.7], dtype=dtype)
    p = Laplace(mean, torch.tensor(scale, dtype=dtype))
    x = level_values(levels, dtype).unsqueeze(-1)
    masses = log_mass(p, x, levels)
    assert masses.isfinite().all()
    torch.testing.assert_close(masses.exp().sum(0), torch.ones_like(mean), rtol=1e-5, atol=1e-5)
    edges = (level_values(levels, torch.float64)[1:] - 0.5 / (levels - 1)).unsqueeze(-1)
    below = torch.from_numpy(scipy.stats.laplace(mean.double().numpy(), scale).cdf(edges.numpy()))
    rows = torch.cat([torch.zeros(1, 6), below, torch.ones(1, 6)]).diff(dim=0)
    torch.testing.assert_close(masses.exp().double(), rows, rtol=1e-3, atol=1e-6)


def test_the_slope_of_a_laplace_mass_is_finite_everywhere() -> None:
    mean = torch.linspace(-1, 2, 61).requires_grad_()
    x = level_values(17, torch.float32).unsqueeze(-1)
    log_mass(Laplace(mean, torch.tensor(0.01)), x, 17).sum().backward()
    assert mean.grad is not None
    assert mean.grad.isfinite().all()
