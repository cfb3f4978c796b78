"""The kernel distance against torchmetrics and scikit-learn; its mean and its standard error."""

import math

import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel
from torchmetrics.image.kid import KernelInceptionDistance

from vaekit.errors import UserError
from vaekit.evaluation.sets import cubic, kernel_distance
from vaekit.objectives.kernels import two_sample_mmd


class Flat(torch.nn.Module):
    """In the place of Inception: the picture's own numbers."""

    num_features = 12

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


@pytest.fixture
def sets(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = torch.randn(2, 60, 12, generator=generator, dtype=torch.float64)
    return x, 1.2 * y + 0.1


def test_the_kernel_is_that_of_scikit_learn(sets: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = sets
    expected = torch.as_tensor(polynomial_kernel(x.numpy(), y.numpy(), degree=3, gamma=1 / 12, coef0=1))
    torch.testing.assert_close(cubic(x[:, None], y[None]), expected)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_a_subset_is_that_of_torchmetrics(sets: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = sets
    metric = KernelInceptionDistance(feature=Flat(), subsets=1, subset_size=60, normalize=True)
    metric.set_dtype(torch.float64)
    metric.update(x.reshape(60, 3, 2, 2), real=True)
    metric.update(y.reshape(60, 3, 2, 2), real=False)
    assert math.isclose(two_sample_mmd(x, y, cubic).item(), metric.compute()[0].item(), rel_tol=1e-9)


def test_its_standard_error_is_the_spread_over_sets() -> None:
    """The spread of 60 repetitions is known to 9%, the mean of their standard errors to 3%: 30% is 3 s.e."""
    found = []
    for seed in range(60):
        x, y = torch.randn(2, 200, 3, generator=torch.Generator().manual_seed(seed))
        found.append(kernel_distance(x, y + 0.5, seed=seed))
    spread = torch.tensor([one.value for one in found]).std().item()
    errors = torch.tensor([one.standard_error for one in found]).square().mean().sqrt().item()
    assert errors == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize(("n", "m", "subsets"), [(25, 400, 10), (2500, 3100, 10), (12_000, 12_500, 12)])
def test_sets_of_any_size_are_cut_into_subsets(n: int, m: int, subsets: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(n, 2, generator=generator), torch.randn(m, 2, generator=generator)
    found = kernel_distance(x, y)
    assert found.subsets == subsets
    # |t| of 10 subsets under H0: above 5 once in 1000.
    assert abs(found.value) < 5 * found.standard_error
    assert found == kernel_distance(x, y)
    assert found != kernel_distance(x, y, seed=1)


def test_too_few_are_refused() -> None:
    with pytest.raises(UserError, match="19 first vectors are too few, 20 are the fewest"):
        kernel_distance(torch.zeros(19, 2), torch.zeros(100, 2))
