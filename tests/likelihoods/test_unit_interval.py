import math

import pytest
import torch

from vaekit.likelihoods import ContinuousBernoulliLikelihood


@pytest.mark.parametrize("shape", [(1, 8, 8), (6,)])
@pytest.mark.parametrize("lead", [(5,), (3, 5)])
def test_the_density_written_out(shape: tuple[int, ...], lead: tuple[int, ...]) -> None:
    """log p = x ln λ + (1−x) ln(1−λ) + ln C, C = 2 atanh(1−2λ)/(1−2λ) (Loaiza-Ganem & Cunningham 2019)."""
    h, x = torch.randn(*lead, *shape, dtype=torch.float64), torch.rand(5, *shape, dtype=torch.float64)
    p = ContinuousBernoulliLikelihood(shape)(h)
    rate = h.sigmoid()
    constant = 2 * torch.atanh(1 - 2 * rate) / (1 - 2 * rate)
    values = x * rate.log() + (1 - x) * (1 - rate).log() + constant.log()
    assert p.log_prob(x).shape == lead
    torch.testing.assert_close(p.log_prob(x), values.flatten(len(lead)).sum(-1))


def test_it_is_a_density_on_the_unit_interval() -> None:
    x = torch.linspace(0, 1, 10_001, dtype=torch.float64)[:, None]
    for logit in (-4.0, 0.0, 1e-3, 2.0):
        h = torch.full((1,), logit, dtype=torch.float64)
        density = ContinuousBernoulliLikelihood((1,))(h).log_prob(x).exp()
        assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1.0, abs=1e-6)


def test_the_centre_is_the_mean_which_is_not_lambda() -> None:
    likelihood = ContinuousBernoulliLikelihood((1,))
    p = likelihood(torch.full((1,), math.log(0.1 / 0.9)))
    assert likelihood.centre(p).item() == pytest.approx(0.330, abs=1e-3)


def test_its_facts() -> None:
    likelihood = ContinuousBernoulliLikelihood((1, 8, 8))
    assert likelihood.measure == "density"
    assert likelihood.parameters_per_value == 1
