import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from vaekit.core import Site, Trace
from vaekit.errors import UserError
from vaekit.noise import Noise, cut, draw
from vaekit.objectives import SlicedWasserstein
from vaekit.priors import GaussianPrior, SparsePrior, StandardNormal


def distance(z: Tensor, prior: Distribution, repeats: int = 1, key: int = 0) -> float:
    q = Independent(Normal(torch.zeros(z.shape[-2:]), 1.0, validate_args=False), 1, validate_args=False)
    batch = z.shape[-2]
    trace = Trace(torch.zeros(batch, 1), (Site("z", z, prior, q),), q, Noise(0, (key,), cut(batch, 4)))
    values = SlicedWasserstein(repeats)(trace)
    assert values.shape == (batch,)
    return values.mean().item()


def draws(p: Distribution, batch: int, key: int) -> Tensor:
    return draw(p, (batch,), Noise(7, (key,), cut(batch, 1)), "codes")


def test_on_a_line_it_is_the_distance_of_quantiles(generator: torch.Generator) -> None:
    z = torch.randn(9, 1, generator=generator)
    wanted = Normal(0.0, 1.0, validate_args=False).icdf((torch.arange(9) + 0.5) / 9)
    ups, downs = (((s * z[:, 0]).sort().values - wanted).square().mean().item() for s in (1, -1))
    assert ups == pytest.approx(downs, rel=1e-4)  # quantiles are symmetric
    assert distance(z, StandardNormal(1)()) == pytest.approx(ups, rel=1e-4)


@pytest.mark.parametrize("d", [2, 5])
def test_a_shift_costs_its_square_over_the_dimensions(d: int) -> None:
    """E_θ (θᵀm)² = ‖m‖²/d; 20 batches of 512 with 512 directions each, 4 standard errors and the bias of a batch."""
    p = StandardNormal(d)()
    shift = torch.linspace(1.0, 2.0, d)
    values = torch.tensor([distance(draws(p, 512, key) + shift, p, key=key) for key in range(20)])
    nothing = torch.tensor([distance(draws(p, 512, key), p, key=key) for key in range(20)])
    assert 0 < nothing.mean() < 0.03
    error = (values - nothing).std().item() / math.sqrt(20)
    exact = shift.square().sum().item() / d
    assert abs((values - nothing).mean().item() - exact) < 4 * error < 0.1 * exact


def test_a_scale_costs_the_square_of_what_it_lacks() -> None:
    p = StandardNormal(3)()
    values = torch.tensor([distance(3 * draws(p, 1024, key), p, key=key) for key in range(4)])
    assert values.mean().item() == pytest.approx(4.0, rel=0.1)  # (3 − 1)²


def test_codes_of_any_prior_are_near_it() -> None:
    """Quantiles of a full covariance are exact, those of a mixture come from draws."""
    full = GaussianPrior(torch.tensor([1.0, -2.0]), torch.tensor([[2.0, 0.0], [1.5, 0.5]]))()
    for p in (full, SparsePrior(2)()):
        near, far = distance(draws(p, 1024, 0), p), distance(draws(StandardNormal(2)(), 1024, 0), p)
        assert near < 0.05 < 3 * near + 0.05 < far


def test_more_directions_say_the_same_with_less_noise() -> None:
    p = StandardNormal(8)()
    z = draws(p, 16, 0) + torch.tensor([4.0, *[0.0] * 7])
    few, many = (torch.tensor([distance(z, p, n, key) for key in range(60)]) for n in (1, 16))
    assert many.std() < 0.5 * few.std()
    assert abs((few.mean() - many.mean()).item()) < 4 * few.std().item() / math.sqrt(60)


def test_it_averages_over_draws() -> None:
    p = StandardNormal(2)()
    z = torch.stack([draws(p, 8, 0), draws(p, 8, 1) + 2])
    each = [distance(part, p) for part in z]
    assert distance(z, p) == pytest.approx(sum(each) / 2, rel=1e-5)


def test_no_directions_are_refused() -> None:
    with pytest.raises(UserError, match="at least one set of directions"):
        SlicedWasserstein(0)
    assert not SlicedWasserstein().per_example
