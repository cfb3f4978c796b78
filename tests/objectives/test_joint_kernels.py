import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from vaekit.noise import Noise, cut, draw
from vaekit.objectives.joint_kernels import Widths, joint_imq, joint_rbf
from vaekit.objectives.kernels import SCALES, Parts
from vaekit.priors import SparsePrior, StandardNormal

D = 3
KERNELS = {"rbf": (joint_rbf, Widths.of_rbf), "imq": (joint_imq, Widths.of_imq)}


def shifted() -> Distribution:
    normal = Normal(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.3, 1.0, 2.0]), validate_args=False)
    return Independent(normal, 1, validate_args=False)


PRIORS = {"standard": StandardNormal(D)(), "sparse": SparsePrior(D)(), "shifted": shifted()}


def draws(p: Distribution, n: int, key: int) -> Tensor:
    return draw(p, (n,), Noise(0, (key,), cut(n, 1)), "z").double()


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_a_function_of_the_distance(name: str) -> None:
    x, y = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([2.0, 1.0, 1.0])
    of = {"rbf": lambda s, c: math.exp(-s / c), "imq": lambda s, c: c / (c + s)}[name]
    expected = sum(of(5.0, 2 * D * scale) for scale in SCALES)
    assert KERNELS[name][0](x, y).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_matrix_is_positive_definite(name: str, generator: torch.Generator) -> None:
    x = torch.randn(20, D, generator=generator, dtype=torch.float64)
    matrix = KERNELS[name][0](x.unsqueeze(0), x.unsqueeze(1))
    assert torch.linalg.eigvalsh(matrix).min() > -1e-10


@pytest.mark.parametrize("dimensions", [1, 3, 128])
@pytest.mark.parametrize("name", KERNELS)
def test_widths_make_the_kernel_at_every_distance(name: str, dimensions: int) -> None:
    """Distances from 0 to a thousand times those of the prior, each scale alone and all together."""
    kernel, of = KERNELS[name]
    squares = torch.cat([torch.zeros(1), torch.logspace(-6, 6, 40)]).double() * dimensions
    x = torch.zeros(len(squares), dimensions, dtype=torch.float64)
    y = (squares / dimensions).sqrt()[:, None].expand_as(x)
    for scales in (*((scale,) for scale in SCALES), SCALES):
        widths = of(dimensions, scales)
        weights, rates = torch.tensor(widths.weights).double(), torch.tensor(widths.rates).double()
        found = (weights * torch.exp(-rates * squares[:, None])).sum(-1)
        torch.testing.assert_close(found, kernel(x, y, scales), atol=2e-8, rtol=1e-7)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("prior", PRIORS)
def test_exact_expectations_are_means_of_monte_carlo(
    kernel: str, prior: str, generator: torch.Generator
) -> None:
    """Limit 4 standard errors of 20,000 draws: false alarm 6·10⁻⁵ for each of 6 numbers; the seed is fixed."""
    p, n = PRIORS[prior], 20_000
    k, of = KERNELS[kernel]
    parts, widths = Parts.of(p), of(D)
    y, other = draws(p, n, 0), draws(p, n, 1)
    z = 2 * torch.randn(5, D, generator=generator, dtype=torch.float64)
    at = k(z.unsqueeze(1), y)
    assert ((at.mean(1) - widths.at(parts, z)).abs() < 4 * at.std(1) / math.sqrt(n)).all()
    within = k(y, other)
    assert (within.mean() - widths.within(parts)).abs() < 4 * within.std() / math.sqrt(n)


@pytest.mark.parametrize("z", [0.0, 1.0, 5.0, 40.0])
@pytest.mark.parametrize("kernel", KERNELS)
def test_exact_expectations_are_integrals_on_a_line(kernel: str, z: float) -> None:
    """∫ k(z, y) N(y; 0, 1) dy by the trapezoidal rule with 400,001 points on [−12, 12]."""
    k, of = KERNELS[kernel]
    y = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    density = torch.exp(-y.square() / 2) / math.sqrt(2 * math.pi)
    values = k(torch.full((1, 1), z, dtype=torch.float64), y[:, None])
    expected = torch.trapezoid(values * density, y)
    found = of(1).at(Parts.of(StandardNormal(1).double()()), torch.tensor([z], dtype=torch.float64))
    torch.testing.assert_close(found, expected, atol=5e-8, rtol=1e-7)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_gradient_far_from_the_prior_is_a_number(kernel: str) -> None:
    z = torch.full((2, 128), 50.0, requires_grad=True)
    KERNELS[kernel][1](128).at(Parts.of(SparsePrior(128)()), z).sum().backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()
    assert (kernel == "imq") == bool((z.grad < 0).all())  # heavy tails still pull
