import pytest
import torch
from torch.distributions import Distribution, Independent, Laplace, MultivariateNormal, Normal

from vaekit.distributions import temper_rule, tempered
from vaekit.errors import CapabilityError, UserError

MEAN, STD = torch.tensor([[0.5, -1.0]]), torch.tensor([[2.0, 0.3]])
FAMILIES = [
    Normal(MEAN, STD, validate_args=False),
    Independent(Normal(MEAN, STD, validate_args=False), 1, validate_args=False),
    MultivariateNormal(MEAN, scale_tril=STD.diag_embed(), validate_args=False),
]


@pytest.mark.parametrize("temperature", [0.1, 0.7, 2, 3.5])
@pytest.mark.parametrize("distribution", FAMILIES, ids=lambda family: type(family).__name__)
def test_scales_the_standard_deviation_only(distribution: Distribution, temperature: float) -> None:
    result = tempered(distribution, temperature)
    assert type(result) is type(distribution)
    assert result.batch_shape == distribution.batch_shape
    assert result.event_shape == distribution.event_shape
    torch.testing.assert_close(result.mean, MEAN)
    torch.testing.assert_close(result.stddev, temperature * STD)


def test_correlations_stay() -> None:
    covariance = torch.tensor([[1.0, 0.4], [0.4, 2.0]])
    result = tempered(MultivariateNormal(torch.zeros(2), covariance, validate_args=False), 0.5)
    assert isinstance(result, MultivariateNormal)
    torch.testing.assert_close(result.covariance_matrix, 0.25 * covariance)


@pytest.mark.parametrize("temperature", [1, 1.0])
def test_one_returns_any_distribution_itself(temperature: float) -> None:
    laplace = Laplace(torch.zeros(2), 1.0, validate_args=False)
    assert tempered(laplace, temperature) is laplace


@pytest.mark.parametrize("temperature", [0, -0.5, float("inf"), float("nan")])
def test_impossible_temperatures_are_refused(temperature: float) -> None:
    with pytest.raises(UserError, match="not a positive finite number"):
        tempered(FAMILIES[0], temperature)


@pytest.mark.parametrize("wrap", [False, True])
def test_families_without_temperature_are_refused(wrap: bool) -> None:
    laplace = Laplace(torch.zeros(2), 1.0, validate_args=False)
    distribution = Independent(laplace, 1, validate_args=False) if wrap else laplace
    with pytest.raises(
        CapabilityError, match="the temperature of a Laplace is not defined; use temperature 1"
    ):
        tempered(distribution, 0.7)


def test_rules_are_found_by_type() -> None:
    assert temper_rule.dispatch(Normal) is not temper_rule.dispatch(Laplace)
